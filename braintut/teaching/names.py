"""Names for what screen readers meet: ipywidgets ties no label to a slider's handle, a picture or a Play button."""

from __future__ import annotations

import html

import ipywidgets as widgets

# Runs in the browser once the widget is there; the views around it may come a moment later.
_NAME_ALL = (
    "const all=()=>{const root=this.closest('.%s');if(!root)return;"
    "root.querySelectorAll('.jupyter-widgets').forEach(w=>{const l=w.querySelector('label');"
    "const h=w.querySelectorAll('.noUi-handle,.ui-slider-handle');if(l&&!w.matches('.widget-box'))"
    "h.forEach((e,i)=>e.setAttribute('aria-label',l.textContent+(h.length>1?[' from',' to'][i]:'')))});"
    "root.querySelectorAll('.widget-play button').forEach(b=>{const m=/fa-(\\w+)/.exec(b.innerHTML);"
    "b.setAttribute('aria-label',{play:'Play or pause',pause:'Pause',stop:'Stop'}[m&&m[1]]||'Repeat')});"
    "root.querySelectorAll('img.widget-image').forEach(e=>e.alt='%s')};"
    "for(const wait of [0,500,2000])setTimeout(all,wait)"
)


def status(sentence: str) -> str:
    """A sentence as HTML that screen readers speak when it changes."""
    return f'<div role="status">{html.escape(sentence)}</div>'


def name_controls(css_class: str, picture: str = "") -> widgets.HTML:
    """Make an invisible widget that gives sliders, Play and the picture of a widget their spoken names.

    It is to be the last child of the widget that has this class (`add_class`). Where the page forbids scripts, nothing
    happens.
    """
    script = html.escape(_NAME_ALL % (css_class, picture))
    return widgets.HTML(f'<img alt="" hidden src="data:," onerror="{script}">')
