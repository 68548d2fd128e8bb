/** Tables as Go's text/tabwriter makes them for the docker client: columns padded to the widest cell plus three blanks, at least 10 wide. */

const width = (s: string): number => [...s].length;

/** Lines of the table, header first. The last column is not padded. */
export function renderTable(rows: readonly (readonly string[])[], { minimum = 10, padding = 3 } = {}): string {
  const columns = Math.max(0, ...rows.map((r) => r.length));
  const widths = Array.from({ length: columns }, (_, c) => Math.max(minimum, ...rows.map((r) => c < r.length - 1 || c < columns - 1 ? width(r[c] ?? '') + padding : 0)));
  return rows.map((row) => row.map((cell, c) => c === row.length - 1 ? cell : cell + ' '.repeat(widths[c] - width(cell))).join('') + '\n').join('');
}
