/** Registers all lowerings, by importing the families. */
import './arith.ts';
import './control.ts';
import './data.ts';
import './sse-float.ts';
import './sse-int.ts';
import './sse-move.ts';
import './string.ts';
import './system.ts';
import './x87.ts';

export { isLowered, loweringOf } from './lower.ts';
