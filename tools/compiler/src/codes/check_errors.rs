//! Errors that only the whole of a definition shows.

use super::codes;

codes! {
    Error;

    ALWAYS_CYCLE = "A0190", "a cycle of `always` that changes nothing",
"`always` is looked at after each transition until none holds. All guards of one delivery see the same answers and the same states of
others, so that a round of `always` transitions in which no variable is set never ends. At run time the 65th microstep would
stop it with a fault.

```yaml
states:
  WAITING: { always: { if: ready, to: WORKING } }
  WORKING: { always: { if: ready, to: WAITING } }       # and round
```

Leave out one of the two, let them wait for an event, or set what the guard looks at:

```yaml
  WORKING: { always: { if: ready, set: ready = false, to: WAITING } }
```
";

    /// Found by the compiler in itself, so no definition is a case of it.
    COMPILER_BUG = "A0199", "a bug of the compiler",
"Something that the file says has come to nothing, and the compiler has not said why. It does not go on, since what it would make lacks a part
of the definition. Please report it, with the definition. Until it is fixed, write the place that the finding shows in another way, such as

```yaml
on: { open: [ { if: pin_ok, to: OPEN }, ignore: the code is wrong ] }
```
";
}
