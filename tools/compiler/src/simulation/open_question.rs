//! A session while a condition waits for its answer.

use std::sync::Arc;

use super::commands::{run, value};
use super::session::{Reply, Session};
use super::{Input, OpenQuestion};
use crate::interpreter::expected;

/// What `help` says while a condition waits for its answer.
const HELP: &str = "\
  true, false, …       the answer, for these arguments; or
  answer known=true    sets the answer of this or another condition, whatever its arguments; alone: lists all answers
  states, trace        as always
  cancel, undo         gives up this step: nothing is done
  help, quit";

impl Session {
    /// A line at an open question: a command that makes sense there, or the answer. (A text that is the name of a
    /// command is given with `answer x=help`.)
    pub(super) fn at_question(&mut self, line: &str, input: Input, question: OpenQuestion) -> Reply {
        let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
        match (word, rest) {
            ("quit" | "exit", "") => return Reply { quit: true, ..Reply::default() },
            // The input that asks is the last one, and has done nothing.
            ("cancel" | "undo", "") if self.started => return Reply::says("Nothing was done."),
            ("cancel" | "undo", "") => {
                return self.still_asks("The system has to start first.", input, question);
            }
            ("help" | "?", "") => {
                let help = format!("{}\n{}", HELP, self.wants(&question));
                return self.still_asks(help, input, question);
            }
            ("states" | "trace", "") | ("answer", _) => return self.command_meanwhile(line, input, question),
            _ => {}
        }
        let system = Arc::clone(self.simulation.interpreter().system());
        let of = system.automata[question.automaton].conditions[question.condition].r#type;
        match value(&system, of, line) {
            Some(answer) => {
                let arguments = Some(question.arguments);
                self.simulation.answers_mut().insert(question.automaton, question.condition, arguments, answer);
                self.perform(input)
            }
            None => {
                let expected = expected(&system, of);
                let text = format!("Expected {expected}, got `{line}`; `cancel` gives up, `help` shows the rest");
                self.still_asks(text, input, question)
            }
        }
    }

    /// Runs a command that changes no instance; if that has answered the question, the input continues.
    fn command_meanwhile(&mut self, line: &str, input: Input, question: OpenQuestion) -> Reply {
        let said = run(self, line).text;
        if !self.simulation.answers().know(question.automaton, question.condition, &question.arguments) {
            return self.still_asks(said, input, question);
        }
        let mut reply = self.perform(input);
        reply.text = if reply.text.is_empty() { said } else { format!("{said}\n{}", reply.text) };
        reply
    }

    fn still_asks(&mut self, text: impl Into<String>, input: Input, question: OpenQuestion) -> Reply {
        self.waiting = Some((input, question));
        Reply::says(text)
    }

    fn wants(&self, question: &OpenQuestion) -> String {
        let system = self.simulation.interpreter().system();
        let of = system.automata[question.automaton].conditions[question.condition].r#type;
        format!("{} expects {}.", self.question(question), expected(system, of))
    }
}
