/**
 * Browsers draw no element taller than some 17 million pixels, and 10,000 pages at a high zoom are taller. Then the scrolled element is
 * shorter than the document: small scrolls move one pixel a pixel, long ones (the scroll bar, Home, End) by proportion. Pure.
 */
export const MAX_ELEMENT_HEIGHT = 8_000_000;

export interface ScrollSpace {
  /** Height of the scrolled element. */
  readonly elementHeight: number;
  /** Document position of the window's upper edge. */
  readonly top: number;
  /** What to add to a position in the scrolled element to get the position in the document. */
  readonly offset: number;
}

/** The space with the window at document position `top`. */
export function spaceAt(top: number, documentHeight: number, windowHeight: number): ScrollSpace {
  const last = Math.max(0, documentHeight - windowHeight);
  const clamped = Math.min(last, Math.max(0, top));
  if (documentHeight <= MAX_ELEMENT_HEIGHT) return { elementHeight: documentHeight, top: clamped, offset: 0 };
  const scrolled = (clamped / last) * (MAX_ELEMENT_HEIGHT - windowHeight);
  return { elementHeight: MAX_ELEMENT_HEIGHT, top: clamped, offset: clamped - scrolled };
}

/** The space after the element was scrolled from where `space` has it to `scrollTop`. */
export function spaceScrolled(space: ScrollSpace, scrollTop: number, documentHeight: number, windowHeight: number): ScrollSpace {
  if (documentHeight <= MAX_ELEMENT_HEIGHT) return { ...space, top: scrollTop, offset: 0 };
  const moved = scrollTop - (space.top - space.offset);
  const lastScrolled = MAX_ELEMENT_HEIGHT - windowHeight;
  const atEdge = scrollTop <= 0 || scrollTop >= lastScrolled - 1;
  if (Math.abs(moved) < windowHeight * 2 && !atEdge) {
    const top = Math.min(documentHeight - windowHeight, Math.max(0, space.top + moved));
    return { ...space, top, offset: top - scrollTop };
  }
  if (Math.abs(moved) < windowHeight * 2) return spaceAt(space.top + moved, documentHeight, windowHeight);
  return spaceAt((scrollTop / lastScrolled) * (documentHeight - windowHeight), documentHeight, windowHeight);
}
