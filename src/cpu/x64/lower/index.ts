/** Registers all lowerings, by importing the families. */
export { loweringOf, isLowered } from './lower.ts';
