//! Warnings: the definition has a meaning, but hardly the one that was meant.

use super::code::codes;

codes! {
    Warning;

    UNREACHABLE_STATE = "A0200", "a state that cannot be reached",
"No transition that can be taken leads to the state, nor does an `initial`. Guards are assumed to hold, except those that never can; a
transition after cases that always answer is not taken.

```yaml
states:
  IDLE: { on: { start: BUSY } }
  BUSY: { on: { done: IDLE } }
  FAILED: { on: { start: BUSY } }        # nothing leads here
```
";

    TRAP_STATE = "A0201", "a state that cannot be left",
"Once there, the instance stays for ever: neither the state nor one around it has a transition that leads elsewhere. If its work is done,
say `final`, and it is removed; if not, something is missing.

```yaml
states:
  BUSY: { on: { done: ENDED } }
  ENDED: { ignore: { done: once is enough } }       # stays for ever
# fixed:
  ENDED: final
```
";

    SHADOWED = "A0202", "a reaction that is never reached",
"Cases are tried in order, states from the inside out, and the first that answers decides. Those before this one always
answer.

```yaml
on:
  packet:
    - { if: length > 0, do: receive }
    - { if: length == 0, stay: empty }
    - { to: CLOSED }                       # the two guards cover everything
```
";

    OPEN_CASE = "A0203", "guards that leave a case open",
"Perhaps none of the guards holds, and no state further out handles the event: then it is *unexpected*, which is hardly meant. The compiler sees
when guards cover everything: `x` and `not x`, all variants of an enum, all ranges of a number.

```yaml
on:
  answer:
    - { if: positive, to: READY }              # and if not?
# fixed:
  answer:
    - { if: positive, to: READY }
    - ignore: we ask again when the timer is due
```
";

    HIDDEN_HANDLER = "A0204", "an `ignore` that hides a handler",
"A state further out handles the event; this state ignores it, so it does not get there. That may be right, but say
why.

```yaml
on: { disconnect: CLOSING }
states:
  CLOSING: { ignore: [disconnect] }                                  # why?
  CLOSING: { ignore: { disconnect: that is what is being done } }    # fixed
```
";

    UNHANDLED_OBSERVATION = "A0205", "an observation that a state has forgotten",
"Some states of this automaton say what another automaton's change of state means to them; it can arrive in these states too, and they say nothing.
This is the most common way to wait for ever.

```yaml
PROPAGATE: { on: { my_id_propagated: CONNECTED } }                        # and if the network goes down?
CONNECTED: { on: { network_connector enters DISCONNECTED: DISCONNECTED } }
# fixed: once, for both
WORKING:
  on: { network_connector enters DISCONNECTED: DISCONNECTED }
  states: { PROPAGATE: …, CONNECTED: … }
```
";

    NEVER_SENT = "A0206", "an event that its sender never sends",
"`from` says that the automaton sends this event, but it does not.

```yaml
# network_connector.yaml
events: { reconnect: { from: [api, p2p_connector] } }
# p2p_connector.yaml has no `send: network_connector.reconnect`
```
";

    NEVER_HANDLED = "A0207", "an event that no state handles",
"The event is declared, and may be sent, but it never does anything.

```yaml
events: { packet: { from: gateway } }
ignore: { packet: not yet }                 # and nowhere `on: { packet: … }`
```
";

    NEVER_RAISED = "A0208", "an internal event that nothing raises",
"An event without `from` comes from the automaton itself, by `raise`. Nothing raises this one.

```yaml
events: { gave_up: {} }
# fixed:
every: { keep_alive_interval: { if: missed == 3, raise: gave_up } }
```
";

    OVERWRITTEN = "A0209", "a variable that is overwritten unread",
"The variable is set, and always set again in the same step (in the same part, or in the `entry` of the target state), before anything has read it.
The first assignment does nothing.

```yaml
BUSY: { on: { packet: { set: missed = 1, to: IDLE } } }
IDLE: { entry: { set: missed = 0 } }
```
";

    UNUSED = "A0210", "a declaration that nothing uses",
"The action, condition, variable, parameter, type or part is not mentioned anywhere. Use it or remove it.

```yaml
actions: { send_hello: { by: gateway } }        # and nowhere `do: send_hello`
```
";

    NEVER_READ = "A0211", "a variable that nothing reads",
"The variable is set, but no guard, argument, timer or other variable depends on it.

```yaml
variables: { packets: { type: u32, initial: 0 } }
on: { packet: { set: packets += 1 } }           # and then?
```
";

    NEVER_SET = "A0212", "a variable that nothing sets",
"The variable always keeps its initial value. Make it a parameter.

```yaml
variables: { limit: { type: u8, initial: 3 } }
# fixed:
parameters: { limit: { type: u8, default: 3, summary: Tries before it gives up. } }
```
";

    ENDLESS = "A0213", "automata that send to one another for ever",
"Each handles the message of the other, and answers with the next message. No time passes meanwhile, so only the limit of
10 000 deliveries (for raised events: 64 microsteps) ends it. The compiler finds it where
no guard is on the way, and by trial runs; such a finding names the events that lead there.

```yaml
# ping.yaml
on: { pong: { send: pong_player.ping } }
# pong_player.yaml
on: { ping: { send: ping.pong } }              # fixed: with `if: rounds < 3`
```
";

    EMPTY_TRANSITION = "A0214", "a transition with neither target nor effect",
"It goes nowhere and does nothing. If that is meant, say so: `stay`, or `ignore: why`.

```yaml
on: { packet: [{ if: late }, READY] }
on: { packet: [{ if: late, ignore: the sender has given up }, READY] }        # fixed
```
";

    CONSTANT_GUARD = "A0216", "a guard that is always true or always false",
"The guard has the same value whatever happens.

```yaml
variables: { tries: { type: u8, initial: 0, max: 5 } }
on: { failed: [{ if: tries > 5, to: CLOSED }, stay] }        # `tries` stays at 5
on: { failed: [{ if: tries == 5, to: CLOSED }, stay] }       # fixed
```
";

    NEVER_IN_FINAL = "A0217", "a look at a final state",
"An instance that enters a final state is removed, and then is in no state. `X enters FINAL` can be observed; `X in FINAL` never holds, and `X leaves FINAL`
never happens.

```yaml
if: tcp_connection[session] in CLOSED              # never
on: { \"tcp_connection[any] enters CLOSED\": IDLE }     # fixed
```
";

    DEFERRED_FOR_EVER = "A0218", "an event that is deferred for ever",
"A deferred event is delivered once no active state defers it. Every state that handles it also defers it (itself, or a state around it does),
so what has been kept is never delivered.

```yaml
CONNECTING:
  defer: [packet]
  initial: WAITING
  states:
    WAITING: { on: { go: READY } }                    # a packet that comes here is kept for ever
    READY: { on: { packet: { do: receive } } }        # inside the state that defers
```
";

    UNUSED_HISTORY = "A0219", "a history that nothing returns to",
"The state remembers what was active in it, but no transition has `to: STATE.history`.

```yaml
WORKING: { history: deep, initial: IDLE, states: … }
on: { resume: WORKING }                # starts at IDLE
on: { resume: WORKING.history }        # fixed
```
";

    ENDLESS_TIMER = "A0220", "a timer of length 0 that starts itself again",
"A timer of length 0 is due at once. If what it does starts it again, directly or through other such timers, time never passes: only the
limit of 10 000 deliveries ends it. A length is known to be 0 if it is written as 0, if it is a parameter with that default or a variable that keeps that initial value, or if
nothing else can come of the calculation, as of `pause * 0`; or it is 0 again and again in a trial run, and the finding names the events that led there.

```yaml
parameters: { pause: { type: duration, default: 0s, summary: From try to try. } }
states:
  TRYING: { entry: [try_it], after: { pause: TRYING } }
# fixed:
parameters: { pause: { type: duration, default: 1s, summary: From try to try. } }
```

For something that happens at once, and only once, use `always`.
";

    SENT_BEFORE_START = "A0221", "a message to an instance that is started afterwards",
"Messages arrive in the order in which they are sent. A `send` that comes before the `start` of its receiver finds no such instance, and is lost.
The list `do` says the order; of the short forms, `start` comes before `send`.

```yaml
on: { call: { do: [\"send session[peer].dial\", \"start session[peer]\"] } }
on: { call: { do: [\"start session[peer]\", \"send session[peer].dial\"] } }    # fixed
```

The same holds for all that happens in one step: `exit`, the transition, `entry`, and `always` after it. What nothing can have started before such a
step is not there yet.

```yaml
A: { exit: \"send session[peer].dial\", on: { call: B } }
B: { entry: \"start session[peer]\" }
B: { entry: [\"start session[peer]\", \"send session[peer].dial\"] }       # fixed
```

An event with `starts: true` starts its instance itself.
";

    NOT_JUDGED = "A0222", "guards that could not be checked",
"Guards that are tried one after another are judged together: whether they leave a case open, and whether each can be reached. More than 65 536 cases
are not checked, nor are automata that send to one another in too many ways to follow; then this finding says what is not known. It also does where guards depend on one another (`a < b`, then `b + 1 <= a + 1`), nothing is found that they
leave open, and there are too many values to try them all.

```yaml
go: { if: ((a == b) == (c == d)) == ((e == f) == …), to: OPEN }     # each of them always matters
go: { if: is_even_number_of_them, to: OPEN }                        # a condition that the host answers
```
";

    EXIT_OF_THE_ROOT = "A0223", "an `exit` that never runs",
"An `exit` at the top of the file belongs to the root, and the root is never left: transitions stay inside it, and entering a `final` state
removes the instance without leaving the root.

```yaml
exit: close_socket                              # never runs
on: { closed: ENDED }
states: { OPEN: {}, ENDED: final }
# fixed:
on: { closed: { do: close_socket, to: ENDED } }
```

To do something whenever certain states are left, put them into one state that has the `exit`.
";

    ALWAYS_TOO_LONG = "A0224", "an `always` that does not end in time",
"After each transition, `always` is checked until none holds. This one sets what its guard reads, but the guard goes on holding: the value goes the
wrong way, jumps over the one that would end it, stays at a bound, or needs more than 64 steps. The 65th is not done, and noted as a fault.

```yaml
variables: { n: { type: u8, initial: 0 } }
always: { if: n < 3, do: n -= 1 }          # 0 is the smallest
always: { if: n != 1, do: n += 2 }         # 0, 2, 4, …
always: { if: n < 200, do: n += 1 }        # 200 steps
always: { if: n < 3, do: n += 1 }          # fixed
```

It was found by following runs from the start, by trying values, or by a trial run with events that the finding names.
";
}
