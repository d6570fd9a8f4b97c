// SPDX-License-Identifier: MIT
// Before the first paint: the theme that was chosen here, else the system's.
"use strict";
try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
    // No storage here: the system's theme it is.
}
