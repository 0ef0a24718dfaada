"use strict";
// Copies the JSON of a message; the clipboard is not there on a page opened as a file, the selection is.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const status = button.parentElement.querySelector("[role=status]");
  try {
    await navigator.clipboard.writeText(source.textContent);
    status.textContent = "コピーしました。";
  } catch {
    getSelection().selectAllChildren(source);
    status.textContent = document.execCommand("copy") ? "コピーしました。" : "選択しました。Ctrl+Cでコピーできます。";
  }
});
// LINE makes text with adjustMode: shrink-to-fit smaller until it fits; so does the preview.
const range = new Range();
const isCut = (text) => {
  range.selectNodeContents(text);
  return range.getBoundingClientRect().width > text.getBoundingClientRect().width;
};
const fit = () => {
  for (const text of document.querySelectorAll(".fx-shrink")) {
    text.style.fontSize = text.dataset.size ??= text.style.fontSize;
    for (let size = parseFloat(getComputedStyle(text).fontSize); isCut(text) && size > 6; size -= 0.5)
      text.style.fontSize = `${size}px`;
  }
};
addEventListener("load", fit);
addEventListener("resize", fit);
document.addEventListener("change", fit);
