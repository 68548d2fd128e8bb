/** What the engine calls itself, and which API versions it speaks. */
export const ENGINE_VERSION = '28.2.2-drydock';
export const API_VERSION = '1.50';
export const API_MINOR = 50;
export const MIN_API_VERSION = '1.24';
export const MIN_API_MINOR = 24;
