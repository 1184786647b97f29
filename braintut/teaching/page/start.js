// Puts the explorer into the element #explorer of any page that is served: what it shows lies beside this file.
import { explore } from "./explorer.js";

const beside = (name) => fetch(new URL(name, import.meta.url));
const [about, planes] = await Promise.all([beside("about.json"), beside("planes.bin")]);
await explore(document.querySelector("#explorer"), await about.json(), new Uint8Array(await planes.arrayBuffer()));
