'use strict';
(() => {
  const tip = document.getElementById('tip');
  const [picture, words] = tip.children;
  const columns = 40;
  const show = (event) => {
    const at = event.target.closest('[data-tip],.t');
    tip.hidden = !at;
    if (!at) return;
    words.textContent = at.dataset.tip || at.getAttribute('aria-label');
    const tile = Number(at.dataset.t ?? -1);
    picture.hidden = tile < 0;
    picture.style.setProperty('--x', tile % columns);
    picture.style.setProperty('--y', Math.floor(tile / columns));
    const box = tip.getBoundingClientRect();
    const right = Math.max(4, document.documentElement.clientWidth - box.width - 4);
    tip.style.left = Math.min(event.clientX + 14, right) + 'px';
    const above = event.clientY - box.height - 10;
    tip.style.top = (above > 4 ? above : event.clientY + 16) + 'px';
  };
  document.addEventListener('pointermove', show);
  document.addEventListener('pointerdown', show);
  document.addEventListener('scroll', () => { tip.hidden = true; }, { passive: true });
  const dim = (chosen) => document.querySelectorAll('#dots circle').forEach((dot) =>
    dot.classList.toggle('dim', chosen !== null && dot.dataset.class !== chosen));
  document.querySelectorAll('.classes li').forEach((entry) => {
    entry.addEventListener('pointerenter', () => dim(entry.dataset.class));
    entry.addEventListener('pointerleave', () => dim(null));
  });
})();
