import { expect, it } from 'vitest';
import { compileTemplate } from '../../../src/cli/template/exec.ts';

const data = { Name: '/web', State: { ExitCode: 3, Running: false }, Env: ['A=1', 'B=2'], Ports: { '80/tcp': [{ HostPort: '8080' }] }, Labels: {}, Label: (k: string) => `<${k}>` };
const cases: [string, string][] = [
  ['{{.Name}} {{.State.ExitCode}}', '/web 3'],
  ['{{json .State}}', '{"ExitCode":3,"Running":false}'],
  ['{{range .Env}}{{.}};{{end}}', 'A=1;B=2;'],
  ['{{range $i, $e := .Env}}{{$i}}={{$e}} {{end}}', '0=A=1 1=B=2 '],
  ['{{if .State.Running}}up{{else if eq .State.ExitCode 3}}three{{else}}down{{end}}', 'three'],
  ['{{(index (index .Ports "80/tcp") 0).HostPort}}', '8080'],
  ['{{range $p, $c := .Ports}}{{$p}}->{{(index $c 0).HostPort}}{{end}}', '80/tcp->8080'],
  ['{{join .Env ","}} {{.Env}} {{len .Env}}', 'A=1,B=2 [A=1 B=2] 2'],
  ['{{.Label "x"}} {{.Name | upper | printf "%-6s|"}}', '<x> /WEB  |'],
  ['{{with .Labels}}some{{else}}none{{end}}{{/* c */}}', 'none'],
  ['a {{- " b " -}} c', 'a b c'],
  ['{{.State}}', 'map[ExitCode:3 Running:false]'],
  ['{{.Missing}}', '<no value>'],
  ['{{println "x"}}{{not true}} {{and true 0}} {{or "" "y"}}', 'x\nfalse 0 y'],
];

it.each(cases)('%s', (source, expected) => { expect(compileTemplate(source)(data)).toBe(expected); });

it('reports a missing key as docker inspect does', () => {
  expect(() => compileTemplate('{{.Foo}}', { strict: true })(data)).toThrow('template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"');
  expect(() => compileTemplate('{{.Foo')).toThrow('unclosed action');
});
