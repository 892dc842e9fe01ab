import { type RefObject, useEffect, useRef, useState } from 'react';

/** Width of an element in CSS pixels, followed as it changes: charts draw in real pixels, so that text keeps its size. */
export function useWidth<Element extends HTMLElement>(
  initial = 320,
): [ref: RefObject<Element | null>, width: number] {
  const ref = useRef<Element>(null);
  const [width, setWidth] = useState(initial);
  useEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.max(120, Math.floor(entry.contentRect.width)));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
