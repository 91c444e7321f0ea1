//! Errors that only the whole of a definition shows.

use super::code::codes;

codes! {
    Error;

    ALWAYS_CYCLE = "A0190", "an `always` that loops for ever",
"After each transition, `always` is checked until none holds. All guards of one delivery see the same answers and the same states of
other automata, so a loop of `always` transitions that sets no variable its guards read never ends. At run time the 65th microstep
stops it with a fault, in every delivery.

```yaml
states:
  WAITING: { always: { if: ready, to: WORKING } }
  WORKING: { always: { if: ready, to: WAITING } }       # and back
  COUNTING: { always: { set: n += 1 } }                 # no guard: it always holds
```

Remove one of them, make it wait for an event, or set what the guard reads:

```yaml
  WORKING: { always: { if: ready, set: ready = false, to: WAITING } }
  COUNTING: { always: { if: n < 10, set: n += 1 } }
```
";

    /// Found by the compiler in itself, so no definition is a case of it.
    COMPILER_BUG = "A0199", "a bug of the compiler",
"The compiler has dropped something in the file without saying why. It stops, since its output would lack a part of the definition.
Please report it, with the definition. Until it is fixed, write the place that the finding shows in another way, such as

```yaml
on: { open: [ { if: pin_ok, to: OPEN }, ignore: the code is wrong ] }
```
";
}
