
const frames = [...document.querySelectorAll("iframe")];
function fit(frame) {
  const page = frame.contentDocument;
  if (!page || !page.body || !frame.offsetParent) return;
  frame.style.height = "0";
  frame.style.height = Math.ceil(page.documentElement.scrollHeight) + "px";
}
const all = () => frames.forEach(fit);
frames.forEach((frame) => {
  if (frame.contentDocument && frame.contentDocument.readyState === "complete") fit(frame);
  frame.addEventListener("load", () => fit(frame));
});
document.addEventListener("change", all);
addEventListener("resize", all);
addEventListener("load", all);
