//! The flat case in `smlang` and `rust-fsm`, which know no hierarchy: the same states, events and counters at depth 1.

/// The machine in `smlang`: entries and exits are part of each transition's action.
pub mod in_smlang {
    use smlang::statemachine;

    statemachine! {
        transitions: {
            *AOne + Tick / count = AOne,
            AOne + RootTick / count = AOne,
            ATwo + RootTick / count = ATwo,
            BOne + RootTick / count = BOne,
            AOne + Report / report = AOne,
            ATwo + Report / report = ATwo,
            BOne + Report / report = BOne,
            AOne + Sibling / change = ATwo,
            ATwo + Sibling / change = AOne,
            AOne + Far / change = BOne,
            BOne + Far / change = AOne,
        }
    }

    /// Its memory.
    #[derive(Default)]
    pub struct Counters {
        pub count: u64,
        pub entered: u64,
        pub left: u64,
        /// Actions: what was counted.
        pub actions: Vec<(u64, u64, u64)>,
    }

    impl StateMachineContext for Counters {
        fn count(&mut self) -> Result<(), ()> {
            self.count = self.count.saturating_add(1);
            Ok(())
        }

        fn report(&mut self) -> Result<(), ()> {
            self.actions.push((self.count, self.entered, self.left));
            Ok(())
        }

        fn change(&mut self) -> Result<(), ()> {
            self.left = self.left.saturating_add(1);
            self.entered = self.entered.saturating_add(1);
            Ok(())
        }
    }
}

/// The machine in `rust-fsm`: it answers with an output, and the caller does the work.
pub mod in_rust_fsm {
    rust_fsm::state_machine! {
        pub machine(AOne)

        AOne => {
            Tick => AOne [Count],
            RootTick => AOne [Count],
            Report => AOne [Report],
            Sibling => ATwo [Change],
            Far => BOne [Change],
        },
        ATwo => {
            RootTick => ATwo [Count],
            Report => ATwo [Report],
            Sibling => AOne [Change],
        },
        BOne => {
            RootTick => BOne [Count],
            Report => BOne [Report],
            Far => AOne [Change],
        }
    }

    /// The machine and what its caller keeps.
    pub struct Counting {
        pub machine: machine::StateMachine,
        pub count: u64,
        pub entered: u64,
        pub left: u64,
        /// Actions: what was counted.
        pub actions: Vec<(u64, u64, u64)>,
    }

    impl Counting {
        pub fn new() -> Self {
            Self { machine: machine::StateMachine::new(), count: 0, entered: 1, left: 0, actions: Vec::new() }
        }

        pub fn handle(&mut self, event: &machine::Input) {
            match self.machine.consume(event) {
                Ok(Some(machine::Output::Count)) => self.count = self.count.saturating_add(1),
                Ok(Some(machine::Output::Report)) => self.actions.push((self.count, self.entered, self.left)),
                Ok(Some(machine::Output::Change)) => {
                    self.left = self.left.saturating_add(1);
                    self.entered = self.entered.saturating_add(1);
                }
                Ok(None) | Err(_) => {}
            }
        }
    }
}
