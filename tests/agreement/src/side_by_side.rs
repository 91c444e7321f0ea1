//! Interpreter and generated Rust on the same inputs, compared after each.

use std::sync::Arc;

use automata_compiler::model::System;
use automata_runtime::trace::Output;

use crate::generated::Generated;
use crate::implementation::{Implementation, Interpreted};
use crate::steps::Steps;

/// A run in which both agreed.
#[derive(Clone, Debug)]
pub struct Run {
    /// How many there were.
    pub deliveries: u64,
    /// The trace that generated Rust wrote of it, whole.
    pub trace: Vec<u8>,
}

/// Starts both, and performs the steps that the numbers mean. Ends early once there were so many deliveries.
///
/// # Errors
/// Where they part, with the steps that led there.
pub fn agree_on(
    system: &Arc<System>,
    mut generated: Generated,
    steps: &Steps,
    numbers: &[u64],
    most_deliveries: u64,
) -> Result<Run, String> {
    let mut output = Output::new(Vec::new());
    output.write(&generated.opening()).expect("memory takes it");
    let mut interpreted = Interpreted::new(system);
    interpreted.start();
    generated.start();
    let mut log = Vec::new();
    same(&mut interpreted, &mut generated, &log)?;
    for &number in numbers {
        if interpreted.interpreter.deliveries() > most_deliveries {
            break;
        }
        let step = steps.decide(number, &interpreted);
        log.push(format!("{step:?}"));
        step.perform(&mut interpreted);
        step.perform(&mut generated);
        same(&mut interpreted, &mut generated, &log)?;
    }
    output.write(&generated.lines()).expect("memory takes it");
    let trace = output.close().expect("memory takes it");
    Ok(Run { deliveries: interpreted.interpreter.deliveries(), trace })
}

/// Records, states, variables and the next timer; earlier records are equal already.
fn same(interpreted: &mut Interpreted, generated: &mut Generated, log: &[String]) -> Result<(), String> {
    let fail = |what: &str| Err(format!("{what}\nafter\n{}", log.join("\n")));
    let (of_interpreter, of_rust) = (interpreted.records(), generated.records());
    if let Some(index) =
        (0..of_interpreter.len().max(of_rust.len())).find(|&at| of_interpreter.get(at) != of_rust.get(at))
    {
        let line =
            |record: Option<&automata_runtime::Record>| serde_json::to_string(&record).expect("records are JSON");
        return fail(&format!(
            "interpreter: {}\ngenerated:   {}",
            line(of_interpreter.get(index)),
            line(of_rust.get(index))
        ));
    }
    let (of_interpreter, of_rust) = (interpreted.instances(), generated.instances());
    if of_interpreter != of_rust {
        return fail(&format!("interpreter: {of_interpreter:?}\ngenerated:   {of_rust:?}"));
    }
    let (of_interpreter, of_rust) = (interpreted.next_deadline_ms(), generated.next_deadline_ms());
    if of_interpreter != of_rust {
        return fail(&format!("next timer: interpreter {of_interpreter:?}, generated {of_rust:?}"));
    }
    Ok(())
}
