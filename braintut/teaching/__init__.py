"""What only lessons use: status cell, explorer, exercise checks."""
