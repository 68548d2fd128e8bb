/** Integer instructions of the 0F 38 map (SDM volume 2, table A-4); the vector ones are in sse.ts. */
import type { RowSource } from './row.ts';

export const threeByte: readonly RowSource[] = [
  ['movbe', 'NP 0F 38 F0', 'Gv,Mv', 'movbe'],
  ['movbe', '66 0F 38 F0', 'Gv,Mv', 'osz movbe'],
  ['movbe', 'NP 0F 38 F1', 'Mv,Gv', 'movbe'],
  ['movbe', '66 0F 38 F1', 'Mv,Gv', 'osz movbe'],
  ['invpcid', '66 0F 38 82', 'Gq,Mdq', 'sys'],
  ['crc32', 'F2 0F 38 F0', 'Gy,Eb', 'sse4.2'],
  ['crc32', 'F2 0F 38 F1', 'Gy,Ev', 'sse4.2'],
  ['adcx', '66 0F 38 F6', 'Gy,Ey', 'r:c w:c adx'],
  ['adox', 'F3 0F 38 F6', 'Gy,Ey', 'r:o w:o adx'],
  ['wruss', '66 0F 38 F5', 'My,Gy', 'sys'],
  ['wrss', 'NP 0F 38 F6', 'My,Gy', 'shstk'],
];
