import { csvFormatRows } from 'd3';

export type Cell = string | number | null;

/** A table behind a figure: what its CSV and its table view hold. Numbers are as computed, not rounded. */
export interface TableData {
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
}

export function save(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const anchor = document.createElement('a');
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  // The download has its own reference by the time the next task runs.
  setTimeout(() => URL.revokeObjectURL(address));
}

// Spreadsheets run cells that begin like a formula, and tokens are untrusted text.
const guarded = (cell: Cell): string => {
  if (typeof cell === 'number') return String(cell);
  const text = cell ?? '';
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
};

export function toCsv({ columns, rows }: TableData): string {
  return `${csvFormatRows([[...columns], ...rows.map((row) => row.map(guarded))])}\n`;
}

/** A file name from a title: letters, digits and hyphens. */
export function fileName(title: string, extension: string): string {
  const stem = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `facet-${stem || 'figure'}.${extension}`;
}
