import "./switch.js";
import "./age.js";
import "./filter.js";
import "./selection.js";
import "./shortcuts.js";
import "./copy.js";
import "./ask.js";
import "./live.js";
