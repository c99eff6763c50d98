// Numbers to what a person reads, as text.py writes them: tests/js/formats.json holds both to it.
// Unknown comes out as "–" or "unpriced", never as 0.

export const UNKNOWN = "–";
const DIGITS = 12;
const SCALES = [
  [1e9, 1e9, "B"],
  [1e6, 1e6, "M"],
  [1e4, 1e3, "k"],
];

/**
 * Return dollars with `places` decimals; "<0.0001" for less than that, "unpriced" for null.
 * @param {string | null} amount a decimal string, at most 12 digits after its point
 * @param {number} places
 * @returns {string}
 */
export function usd(amount, places = 4) {
  if (amount === null) return "unpriced";
  const value = units(amount);
  const step = 10n ** BigInt(DIGITS - places);
  const size = value < 0n ? -value : value;
  if (size > 0n && size * 2n <= step) return `<${fixed(1n, places)}`;
  let whole = size / step;
  const rest = (size % step) * 2n;
  if (rest > step || (rest === step && whole % 2n === 1n)) whole += 1n; // half to even, as Python
  return (value < 0n ? "-" : "") + fixed(whole, places);
}

/**
 * Return a decimal string in units of 1e-12.
 * @param {string} amount
 * @returns {bigint}
 */
export function units(amount) {
  const [whole, fraction = ""] = amount.replace("-", "").split(".");
  const size = BigInt(whole + fraction.slice(0, DIGITS).padEnd(DIGITS, "0"));
  return amount.startsWith("-") ? -size : size;
}

/**
 * Return units of 1e-12 as a decimal string without trailing zeros.
 * @param {bigint} value
 */
export function plain(value) {
  const digits = fixed(value, DIGITS).replaceAll(",", "");
  return digits.replace(/\.?0+$/, "") || "0";
}

/**
 * Return a count of 1/10^places with its point set and thousands separated.
 * @param {bigint} value
 * @param {number} places
 */
function fixed(value, places) {
  const digits = value.toString().padStart(places + 1, "0");
  const whole = grouped(digits.slice(0, digits.length - places));
  return places ? `${whole}.${digits.slice(-places)}` : whole;
}

/**
 * Return dollars and what they leave out: "0.1234 USD + 1 unpriced".
 * @param {string} amount
 * @param {number} unpriced how many calls have no price
 * @param {number} places
 */
export function spent(amount, unpriced, places = 4) {
  const total = `${usd(amount, places)} USD`;
  return unpriced ? `${total} + ${count(unpriced)} unpriced` : total;
}

/**
 * Return a whole number with thousands separated, "–" when unknown.
 * @param {number | null} number
 */
export function count(number) {
  return number === null ? UNKNOWN : grouped(String(number));
}

/** @param {string} digits */
function grouped(digits) {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/**
 * Return a count in at most five characters: 950, 9,999, 12.3k, 4.56M.
 * @param {number | null} number
 */
export function compact(number) {
  if (number === null) return UNKNOWN;
  for (const [least, unit, letter] of SCALES) {
    if (number < least) continue;
    const places = 2 - Math.min(2, String(Math.floor(number / unit)).length - 1);
    const cut = Math.floor((number * 10 ** places) / unit) / 10 ** places;
    return cut.toFixed(places) + letter;
  }
  return count(number);
}

/**
 * Return a length of time in two units at most, "–" when it has not ended.
 * @param {number | null} ns
 */
export function duration(ns) {
  if (ns === null) return UNKNOWN;
  if (ns < 1e6) return ns <= 0 ? "0 ms" : "<1 ms";
  if (ns < 1e9) return `${Math.floor(ns / 1e6)} ms`;
  const s = Math.floor(ns / 1e9);
  if (s < 60) return `${(Math.floor(ns / 1e8) / 10).toFixed(1)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${two(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} m`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** @param {number} n */
function two(n) {
  return String(n).padStart(2, "0");
}
