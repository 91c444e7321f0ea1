//! Errors in the little texts of the language: expressions, assignments, calls, sends, starts, triggers, targets.

use super::codes;

codes! {
    Error;

    SYNTAX = "A0100", "this cannot be read",
"The text is not an expression, call, assignment, send, start, trigger or target of the language. The finding
says what was found and what could have stood there.

```yaml
if: missed > and ready       # nothing between `>` and `and`
if: missed > 3 and ready     # right
```

The words for logic are `and`, `or`, `not`; equality is `==`; a comparison is not chained (`a < b and b < c`, not `a < b < c`).
";
}
