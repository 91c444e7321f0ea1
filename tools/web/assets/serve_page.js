// The page of `automata serve`.

import { mountRoom } from "./room.js";
import { ServeSource } from "./serve_source.js";

const response = await fetch("/about");
const about = await response.json();
mountRoom(document.getElementById("room"), new ServeSource(about.against));
