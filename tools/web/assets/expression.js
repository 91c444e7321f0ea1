// Expressions of the definitions, evaluated over what a delivery's line says (docs/SEMANTICS.md, section 1).
//
// Pure. The host is not asked: its answers are in the line. Numbers beyond 2^53 lose their last digits, as in every
// JSON that a page reads.

/** Thrown where a value does not follow from the line. */
export class Unknown extends Error {}

const BOUNDS = new Map([
  ["u8", [0, 2 ** 8 - 1]],
  ["u16", [0, 2 ** 16 - 1]],
  ["u32", [0, 2 ** 32 - 1]],
  ["u64", [0, 2 ** 64 - 1]],
  ["i8", [-(2 ** 7), 2 ** 7 - 1]],
  ["i16", [-(2 ** 15), 2 ** 15 - 1]],
  ["i32", [-(2 ** 31), 2 ** 31 - 1]],
  ["i64", [-(2 ** 63), 2 ** 63 - 1]],
  ["duration", [0, 2 ** 64 - 1]],
]);

/** @param {number} value @param {[number, number]} bounds */
const within = (value, [low, high]) => Math.min(Math.max(value, low), high);

/** A value at the bound of the type that it is passed to. */
export function passedTo(value, type) {
  const bounds = BOUNDS.get(type.endsWith("?") ? type.slice(0, -1) : type);
  return typeof value === "number" && bounds ? within(value, bounds) : value;
}

/** A value as a variable takes it. */
export function assigned(value, variable) {
  return typeof value === "number" && variable.bounds ? within(value, variable.bounds) : passedTo(value, variable.type);
}

/** Whether two values of records are the same. */
export function isSame(a, b) {
  return a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
}

/** The key in `name[key]` as a value; undefined if there is none. */
export function keyOf(instance) {
  const open = instance.indexOf("[");
  if (open < 0) return undefined;
  const text = instance.slice(open + 1, -1);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A key as it stands in `name[key]`: texts bare, unless they can be read as JSON. */
export function keyText(key) {
  if (typeof key !== "string") return JSON.stringify(key);
  try {
    JSON.parse(key);
    return JSON.stringify(key);
  } catch {
    return key;
  }
}

/** The automaton in `name[key]`. */
export function automatonOf(instance) {
  const open = instance.indexOf("[");
  return open < 0 ? instance : instance.slice(0, open);
}

/**
 * What an expression sees.
 * @typedef {Object} Scope
 * @property {Map<string, any>} variables
 * @property {Map<string, any>} parameters
 * @property {any} key
 * @property {any[]} fields       of the event at hand, in the order of declaration
 * @property {{ask: string, arguments?: Object, answer: any}[]} conditions   of the line
 * @property {boolean} dividedByZero   set by an evaluation
 */

/**
 * @param {any[]} expression
 * @param {Scope} scope
 * @returns {any}
 */
export function evaluate(expression, scope) {
  const [word, a, b, c, d] = expression;
  const value = (of) => evaluate(of, scope);
  switch (word) {
    case "value":
      return a;
    case "variable":
      return known(scope.variables.get(a), a);
    case "parameter":
      return known(scope.parameters.get(a), a);
    case "field":
      return known(scope.fields[a], `field ${a}`);
    case "key":
      return known(scope.key, "key");
    case "not":
      return value(a) !== true;
    case "negate":
      return passedTo(-value(a) || 0, b);
    case "and":
      return value(a) === true && value(b) === true;
    case "or":
      return value(a) === true || value(b) === true;
    case "coalesce": {
      const left = value(a);
      return passedTo(left === null ? value(b) : left, c);
    }
    case "min":
      return Math.min(value(a), value(b));
    case "max":
      return Math.max(value(a), value(b));
    case "op":
      return passedTo(operation(a, value(b), value(c), expression[5], scope), d);
    case "condition":
      return condition(a, b, scope);
    case "in":
      return inState(a, b, c, d, scope);
    default:
      throw new Unknown(`the expression ${word}`);
  }
}

function known(value, name) {
  if (value === undefined) throw new Unknown(name);
  return value;
}

function operation(symbol, left, right, isDuration, scope) {
  switch (symbol) {
    case "==":
      return isSame(left, right);
    case "!=":
      return !isSame(left, right);
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return isDuration ? Math.max(left, 0) * Math.max(right, 0) : left * right;
    default:
      if (isDuration ? right <= 0 : right === 0) {
        scope.dividedByZero = true;
        return 0;
      }
      return (symbol === "/" ? Math.trunc(left / right) : left % right) || 0;
  }
}

function condition(name, places, scope) {
  const wanted = places.map(([place, type, argument]) => [place, passedTo(evaluate(argument, scope), type)]);
  const asked = scope.conditions.filter((ask) => ask.ask === name);
  const fits = (ask) => wanted.every(([place, value]) => isSame(ask.arguments?.[place], value));
  const found = asked.find(fits) ?? (asked.length === 1 ? asked[0] : undefined);
  if (!found) throw new Unknown(name);
  return found.answer;
}

function inState(who, automaton, state, key, scope) {
  const subject =
    who === "one"
      ? automaton
      : who === "keyed"
        ? `${automaton}[${keyText(evaluate(key, scope))}]`
        : `${who} ${automaton}`;
  const ask = `${subject} in ${state}`;
  const found = scope.conditions.find((one) => one.ask === ask);
  if (!found) throw new Unknown(ask);
  return found.answer;
}
