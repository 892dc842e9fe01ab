/** Which part of a text of `total` tokens is read: at most `room` tokens, from `start` or as near as keeps it full. */
export function chooseWindow(total: number, start: number, room: number): { start: number; count: number } {
  const latest = Math.max(0, total - room);
  const from = Math.min(Math.max(0, Math.floor(Number.isFinite(start) ? start : 0)), latest);
  return { start: from, count: Math.min(room, total - from) };
}
