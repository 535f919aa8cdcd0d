// What saves clicks, and nothing more: every page works without it.
"use strict";

function linesOf(box) {
  return box.form ? box.form.querySelectorAll('input[name="record"]') : [];
}

document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.id === "choose-all") linesOf(box).forEach((one) => { one.checked = box.checked; });
  if (box.name === "record" || box.id === "choose-all") {
    const chosen = [...linesOf(box)].filter((one) => one.checked).length;
    const count = document.getElementById("chosen");
    if (count) count.textContent = chosen ? `${chosen.toLocaleString("en-US")} chosen.` : "";
  }
});

// A form is sent once.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  setTimeout(() => event.target.querySelectorAll("button").forEach((one) => { one.disabled = true; }), 0);
});
window.addEventListener("pageshow", () => document.querySelectorAll("button:disabled").forEach((one) => { one.disabled = false; }));
