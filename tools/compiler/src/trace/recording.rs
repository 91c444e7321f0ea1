//! A trace of the interpreter, as the recorder of generated Rust would write it.

use std::sync::Arc;

use automata_runtime::record::QUEUE_LIMIT;
use automata_runtime::secret::{Key, Secret, with_key};
use automata_runtime::trace::{FORMAT, FirstLine, Header, Output, SecondLine, Snapshot};
use serde_json::{Map, Value as Json};

use super::line::Writer;
use super::replaced::replaced;
use crate::hash::model_hash;
use crate::interpreter::{Delivery, Value};
use crate::model::{BaseType, System, Type};

/// Writes a trace of a system, beginning before its start.
pub struct Recording {
    system: Arc<System>,
    writer: Writer,
    key: Key,
    /// Some value of the definitions is secret.
    has_secrets: bool,
    output: Output<Vec<u8>>,
    /// One line at a time; kept for its memory.
    line: Vec<u8>,
}

impl Recording {
    /// A trace with its first two lines. `program` is the name in the header; `key` makes equal secrets recognisable,
    /// and should be random.
    #[must_use]
    pub fn begin(system: &Arc<System>, program: &str, key: Key) -> Self {
        let first = FirstLine {
            trace: FORMAT,
            header: Header { program: program.to_owned(), ..Header::default() },
            model: model_hash(system),
            queue_limit: QUEUE_LIMIT as u64,
            timers: true,
            settings: Map::new(),
        };
        let second = SecondLine { snapshot: Snapshot { timer_order: Some(0), ..Snapshot::default() } };
        let mut recording = Self {
            system: Arc::clone(system),
            writer: Writer::new(system),
            key,
            has_secrets: system.types.iter().any(|of| of.secret),
            output: Output::new(Vec::new()),
            line: Vec::new(),
        };
        for line in [serde_json::to_vec(&first), serde_json::to_vec(&second)] {
            recording.line = line.expect("names and numbers are JSON");
            recording.write();
        }
        recording
    }

    /// Adds the line of the next delivery.
    pub fn delivery(&mut self, delivery: &Delivery) {
        let Self { system, key, .. } = self;
        self.line.clear();
        if self.has_secrets {
            let hidden = replaced(system, delivery, &mut |of, value| hidden(system, key, of, value));
            self.writer.write(system, &hidden, &mut self.line);
        } else {
            self.writer.write(system, delivery, &mut self.line);
        }
        self.write();
    }

    fn write(&mut self) {
        self.line.push(b'\n');
        self.output.write(&self.line).expect("memory takes all that is written");
    }

    /// The whole trace, with its last line.
    #[must_use]
    pub fn end(self) -> Vec<u8> {
        self.output.close().expect("memory takes all that is written")
    }
}

/// A secret as a trace has it: its length, and a hash.
fn hidden(system: &System, key: &Key, of: Type, value: &Value) -> Value {
    let is_secret = matches!(of.base, BaseType::Declared(id) if system.types[id].secret);
    if !is_secret || *value == Value::None {
        return value.clone();
    }
    let text = match value.to_json(system, of) {
        Json::String(text) => text,
        json => json.to_string(),
    };
    let stamp = with_key(key, || serde_json::to_value(Secret::of(&text)));
    Value::Opaque(Arc::new(stamp.expect("a length and a hash are JSON")))
}
