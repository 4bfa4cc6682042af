/** The height that is really free: without the keyboard, where the browser does not do it. */

export function watchViewport(): void {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const fit = () => {
    const isZoomed = viewport.scale > 1.01;
    const height = isZoomed ? "" : `${Math.round(viewport.height)}px`;
    document.documentElement.style.setProperty("--free-height", height);
    // iOS moves the page up instead of making it smaller.
    if (!isZoomed && viewport.offsetTop > 0) scrollTo(0, 0);
  };
  viewport.addEventListener("resize", fit);
  viewport.addEventListener("scroll", fit);
  fit();
}
