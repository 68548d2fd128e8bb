/** Names for containers nobody named: adjective_scientist, from our own lists. */
import type { RandomBytes } from '../host/ports.ts';

const ADJECTIVES = `agile amber ample ardent artful balmy blithe bold bonny breezy bright brisk buoyant calm candid careful cheery civil clever cosmic
cosy crisp curious dapper daring deft eager earnest easy elated epic fair fearless fervent festive fine fleet fluent fond frank free fresh gallant genial
gentle gifted glad golden grand graceful handy happy hardy hearty honest hopeful humble ideal jaunty jolly jovial joyful keen kind lively loyal lucid lucky
mellow merry mighty mild modest neat nimble noble patient peppy placid playful plucky polite prime proud prudent quick quiet radiant rapid ready robust rosy
serene sharp silent silver sincere smooth snug sober solid spry stable steady stellar sturdy subtle sunny super swift tender thrifty tidy tranquil trusty
upbeat valiant vibrant vivid warm wise witty zealous zesty`.split(/\s+/);

const SCIENTISTS = `abel agnesi alhazen ampere anning archimedes aryabhata avogadro babbage bardeen bassi becquerel bernoulli bessel bohr boltzmann boole born bose
boyle brahe bragg cannon cantor carson cauchy cavendish celsius chandrasekhar chebyshev chomsky church clausius copernicus coulomb crick curie dalton darwin
davy descartes dijkstra dirac doppler einstein euclid euler faraday fermat fermi feynman fibonacci fleming fourier franklin fresnel galileo galois gauss geiger
germain goodall goedel hahn halley hamilton hawking heisenberg helmholtz henry herschel hertz hilbert hodgkin hooke hopper hubble humboldt huygens hypatia joule
kelvin kepler khorana knuth kolmogorov kovalevskaya lagrange lamarr laplace lavoisier leavitt leibniz liskov lovelace mach maxwell mccarthy mcclintock meitner
mendel mendeleev michelson mirzakhani morse nash neumann newton nightingale noether ohm oppenheimer ostwald pascal pasteur pauli pauling payne perlman planck
poincare ptolemy pythagoras raman ramanujan riemann ritchie rontgen rubin rutherford sagan salk schrodinger shannon somerville stokes tesla thompson thomson torricelli
turing vaughan volta watt weierstrass wigner wilkes wirth wu yalow zeno zuse`.split(/\s+/);

/** A random name; from the sixth attempt on with a digit, since the plain ones seem to be taken. */
export function randomName(random: RandomBytes, attempt = 0): string {
  const bytes = new Uint8Array(5);
  random(bytes);
  const name = `${ADJECTIVES[(bytes[0] * 256 + bytes[1]) % ADJECTIVES.length]}_${SCIENTISTS[(bytes[2] * 256 + bytes[3]) % SCIENTISTS.length]}`;
  return attempt < 6 ? name : `${name}${bytes[4] % 10}`;
}

const ALLOWED = '[a-zA-Z0-9][a-zA-Z0-9_.-]';
const NAME = new RegExp(`^/?${ALLOWED}+$`);

/** Undefined when `name` may name a container; else Docker's reason. */
export function nameProblem(name: string): string | undefined {
  return NAME.test(name) ? undefined : `Invalid container name (${name}), only ${ALLOWED} are allowed`;
}
