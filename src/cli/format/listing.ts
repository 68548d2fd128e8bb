/**
 * `--format` of the listing commands: `table`, `table TEMPLATE`, `json`, or a Go template per row (docker/cli,
 * command/formatter). A listing is its columns: name, header, and how the value comes from a row.
 */
import type { CliIo } from '../io.ts';
import { compileTemplate } from '../template/exec.ts';
import { TemplateError } from '../template/lex.ts';
import { CliExit } from '../io.ts';
import { renderTable } from './table.ts';

export interface Column<Row> { readonly header: string; value(row: Row): unknown }

export interface Listing<Row> {
  readonly columns: Readonly<Record<string, Column<Row>>>;
  /** Column names of the plain table. */
  readonly table: readonly string[];
}

/** Prints rows; `format` is the --format value or undefined, `quiet` the column that -q prints alone. */
export function printListing<Row>(io: CliIo, listing: Listing<Row>, rows: readonly Row[], format: string | undefined, quiet?: string): void {
  const record = (row: Row): Record<string, unknown> => Object.fromEntries(Object.entries(listing.columns).map(([name, c]) => [name, c.value(row)]));
  if (quiet !== undefined && (format === undefined || format === 'table')) {
    for (const row of rows) io.stdout(`${String(listing.columns[quiet].value(row))}\n`);
    return;
  }
  if (format === 'json') {
    for (const row of rows) io.stdout(JSON.stringify(Object.fromEntries(Object.entries(record(row)).filter(([, v]) => typeof v !== 'function').sort(([a], [b]) => (a < b ? -1 : 1)))) + '\n');
    return;
  }
  const isTable = format === undefined || format === 'table' || format.startsWith('table ') || format.startsWith('table\t');
  const columns = format === undefined || format === 'table' ? listing.table.map((n) => `{{.${n}}}`).join('\t') : isTable ? format.slice(6).trimStart() : format;
  try {
    const print = compileTemplate(columns);
    if (!isTable) { for (const row of rows) io.stdout(print(record(row)) + '\n'); return; }
    const headers = Object.fromEntries(Object.entries(listing.columns).map(([name, c]) => [name, c.header === '' ? (key: string) => key : c.header]));
    io.stdout(renderTable([headers, ...rows.map(record)].map((r) => print(r).split('\t'))));
  } catch (error) {
    if (error instanceof TemplateError) throw new CliExit(64, `template parsing error: ${error.message}\n`);
    throw error;
  }
}
