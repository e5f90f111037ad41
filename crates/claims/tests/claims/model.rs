//! Random moves against the real database, beside a model that only knows the machine and a few numbers.

use chrono::{DateTime, Utc};
use claims::claim::convert::{payer_state_to_pb, status_to_pb};
use claims::lifecycle::{Disposition, Event, Rejector, State};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use therapy_claims::claims::v1 as pb;
use tonic::Status;

use crate::world::{World, refusal};

#[derive(Debug, Clone)]
enum Step {
    /// Edits the copay; above 150 it draws a warning.
    Edit(u32),
    MarkReady {
        accepting: bool,
    },
    Submit,
    SubmitInBatch,
    Cancel,
    /// The patient moves within the house.
    Move(u32),
    /// News of the adapter, written as its service would.
    TransmitFailed,
    Rejected,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0u32..300).prop_map(Step::Edit),
        4 => any::<bool>().prop_map(|accepting| Step::MarkReady { accepting }),
        3 => Just(Step::Submit),
        2 => Just(Step::SubmitInBatch),
        1 => Just(Step::Cancel),
        1 => (0u32..3).prop_map(Step::Move),
        1 => Just(Step::TransmitFailed),
        1 => Just(Step::Rejected),
    ];
    prop::collection::vec(step, 1..14)
}

/// What the claim must be.
struct Model {
    state: State,
    version: i64,
    attempt: i32,
    events: usize,
    warns: bool,
    accepted: bool,
    home: u32,
    frozen_home: u32,
    stale_noted: bool,
}

/// How a step must end.
#[derive(Debug, PartialEq)]
enum End {
    Done,
    Refused(&'static str),
    Outside,
}

impl Model {
    const fn new() -> Self {
        Self {
            state: State::DRAFTED,
            version: 1,
            attempt: 0,
            events: 1,
            warns: false,
            accepted: false,
            home: 0,
            frozen_home: 0,
            stale_noted: false,
        }
    }

    fn changed(&mut self, state: State) -> End {
        self.state = state;
        self.version += 1;
        self.events += 1;
        End::Done
    }

    fn take(&mut self, step: &Step) -> End {
        const ILLEGAL: End = End::Refused("CLAIM_INVALID_TRANSITION");
        const NOT_READY: End = End::Refused("CLAIM_NOT_READY");
        let at = DateTime::<Utc>::MAX_UTC;
        match step {
            Step::Edit(copay) => {
                let Ok(edited) = self.state.apply(Event::Edited) else { return ILLEGAL };
                (self.warns, self.accepted, self.stale_noted) = (*copay > 150, false, false);
                self.changed(edited)
            }
            Step::MarkReady { accepting } => {
                let Ok(ready) = self.state.apply(Event::MarkedReady) else { return ILLEGAL };
                let accepts = *accepting && self.warns && !self.accepted;
                self.accepted |= accepts;
                if self.warns && !self.accepted {
                    // a draft that was sent back as stale no longer is: that is news
                    if std::mem::take(&mut self.stale_noted) {
                        self.changed(self.state);
                    }
                    return NOT_READY;
                }
                (self.frozen_home, self.stale_noted) = (self.home, false);
                self.changed(ready)
            }
            Step::Submit | Step::SubmitInBatch => {
                let Ok(submitted) = self.state.apply(Event::Submitted { at }) else { return ILLEGAL };
                if self.frozen_home != self.home {
                    self.stale_noted = true;
                    let draft = self.state.apply(Event::Edited).unwrap();
                    self.changed(draft);
                    return NOT_READY;
                }
                self.attempt += 1;
                self.changed(submitted)
            }
            Step::Cancel => match self.state.apply(Event::Cancelled) {
                Ok(cancelled) => self.changed(cancelled),
                Err(_) => ILLEGAL,
            },
            Step::Move(home) => {
                self.home = *home;
                End::Outside
            }
            Step::TransmitFailed => self.outside(Event::TransmitFailed { at }),
            Step::Rejected => self.outside(Event::Rejected { by: Rejector::Payer, at }),
        }
    }

    /// News that this service has no part in; what changes nothing is left out.
    fn outside(&mut self, event: Event) -> End {
        if let Ok(state) = self.state.apply(event)
            && state != self.state
        {
            self.state = state;
            self.version += 1;
        }
        End::Outside
    }
}

async fn play(world: &World, id: &str, step: &Step, model: &Model) -> Result<pb::Claim, Status> {
    match step {
        Step::Edit(copay) => {
            let claim = pb::Claim { copay_amount: format!("{copay}.00"), ..world.get(id).await? };
            world.update(claim, &["copay_amount"]).await
        }
        Step::MarkReady { accepting } => {
            world.mark_ready(id, if *accepting { &["COPAY_GT_CHARGE"] } else { &[] }).await
        }
        Step::Submit => world.submit(id).await,
        Step::SubmitInBatch => {
            let results = world.submit_all(&[id]).await?;
            match results[0].outcome.clone().unwrap() {
                pb::batch_submit_result::Outcome::Claim(claim) => Ok(claim),
                // what the single call answers, asked without a trace: both are told by the reason alone
                pb::batch_submit_result::Outcome::Problem(problem) => {
                    let failure = kernel::Failure::new(
                        kernel::Code::FailedPrecondition,
                        if problem.reason == "CLAIM_NOT_READY" {
                            "CLAIM_NOT_READY"
                        } else {
                            "CLAIM_INVALID_TRANSITION"
                        },
                        problem.message,
                    );
                    Err(kernel::status::to_status(&failure, ""))
                }
            }
        }
        Step::Cancel => world.cancel(id).await,
        Step::Move(home) => {
            let patient = world.get(id).await?.patient_id;
            world
                .run(&format!("UPDATE clinical.patients SET address_line2 = 'Apt {home}' WHERE id = '{patient}'"))
                .await;
            world.get(id).await
        }
        Step::TransmitFailed | Step::Rejected => {
            let State { status, payer_state, was_transmitted, .. } = model.state;
            world
                .run(&format!(
                    "UPDATE claims.claims SET status = '{status}', payer_state = '{payer_state}', was_transmitted = {was_transmitted}, \
                       version = {} WHERE id = '{id}'",
                    model.version
                ))
                .await;
            world.get(id).await
        }
    }
}

async fn compare(world: &World, steps: &[Step]) {
    let draft = world.draft().await;
    world.run(&format!("UPDATE clinical.patients SET address_line2 = 'Apt 0' WHERE id = '{}'", draft.patient_id)).await;
    let mut model = Model::new();
    for (i, step) in steps.iter().enumerate() {
        let expected = model.take(step);
        let answered = play(world, &draft.id, step, &model).await;
        let end = match (&answered, &expected) {
            (Ok(_), End::Outside) => End::Outside,
            (Ok(_), End::Done | End::Refused(_)) => End::Done,
            (Err(_), End::Refused(reason)) if refusal(answered.clone()).1 == *reason => End::Refused(reason),
            (Err(status), _) => panic!("step {i} of {steps:?}: {status:?}"),
        };
        assert_eq!(end, expected, "step {i} of {steps:?}");
        let claim = world.get(&draft.id).await.unwrap();
        let stands = (claim.status(), claim.payer_state(), claim.etag.clone(), claim.attempt);
        let State { status, payer_state, disposition, .. } = model.state;
        let expected = (status_to_pb(status), payer_state_to_pb(payer_state), model.version.to_string(), model.attempt);
        assert_eq!(stands, expected, "after step {i} of {steps:?}");
        assert_eq!(claim.disposition() == pb::Disposition::Cancelled, disposition == Disposition::Cancelled);
    }
    let events = world.timeline(&draft.id).await;
    assert_eq!(events.len(), model.events, "{steps:?}");
    assert!(events.windows(2).all(|pair| pair[1].previous_position == pair[0].position));
    let sent = format!("SELECT count(*) FROM claims.submissions WHERE claim_id = '{}'", draft.id);
    assert_eq!(world.ask(&sent).await, model.attempt.to_string());
}

#[test]
fn random_moves_go_as_the_machine_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    runner
        .run(&steps(), |steps| {
            runtime.block_on(compare(&world, &steps));
            Ok(())
        })
        .unwrap();
    drop(world);
}
