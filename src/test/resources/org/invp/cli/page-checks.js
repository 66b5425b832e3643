// What is wrong with how the page looks: one line each. Contrast after WCAG 2.1, section 1.4.3.
(() => {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) {
    found.push(`overflow: ${root.scrollWidth} px in a window of ${innerWidth} px`);
  }
  const parse = (text) => {
    const numbers = text.match(/-?[\d.]+(e-?\d+)?/g).map(Number);
    if (text.startsWith('rgb')) return [...numbers.slice(0, 3).map((v) => v / 255), numbers[3] ?? 1];
    if (text.startsWith('color(srgb')) return [...numbers.slice(0, 3), numbers[3] ?? 1];
    throw new Error('unknown colour ' + text);
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const background = (element) => {
    if (element === null) return parse(matchMedia('(prefers-color-scheme:dark)').matches ? 'rgb(18,18,18)' : 'rgb(255,255,255)');
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, background(element.parentElement));
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const words = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    if (words === '' || element.getClientRects().length === 0) continue;
    texts++;
    const style = getComputedStyle(element);
    const under = background(element);
    const ink = over(parse(element.closest('svg') ? style.fill : style.color), under);
    const [light, dark] = [luminance(ink), luminance(under)].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) found.push(`contrast ${contrast.toFixed(2)}: ${words.slice(0, 40)}`);
  }
  if (texts === 0) found.push('no text to be seen');
  for (const label of document.querySelectorAll('svg text')) {
    const box = label.getBoundingClientRect();
    const view = label.ownerSVGElement.getBoundingClientRect();
    if (box.left < view.left - 0.5 || box.right > view.right + 0.5) {
      found.push('clipped: ' + label.textContent);
    }
  }
  return found;
})()
