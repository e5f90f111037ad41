//! Long random walks of a session's claims through the real services: what the practice does, what an adapter confirms and
//! what payers answer, in any order, beside a model that only knows the machine and adds up money.
//!
//! After each step every claim must stand where the machine says, its sums must be those of the model and of its ledger, and
//! a version must tell each change, and nothing else. `CLAIM_WALKS` and `CLAIM_WALK_STEPS` set how many and how long.

mod model;

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use therapy_claims::claims::v1 as pb;
use therapy_claims::claims::v1::report_payer_response_request::Response as Answer;
use tonic::Status;

use self::model::{End, Model, said_at};
use crate::desk::{Desk, adjustment, denied, paid, received, rejected, report};
use crate::reversing::reversed;
use crate::world::{body, refusal};

/// What somebody does or says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    Edit,
    /// With an etag that is not the claim's.
    EditStale,
    /// Two at once with the same etag.
    EditTwice,
    MarkReady,
    Submit,
    Cancel,
    Hold,
    Release,
    Confirm,
    Fail,
    Say(Word),
    Void,
    WriteOff,
    CloseDenial,
    Appeal,
    Replace,
    BillNext,
}

/// What a payer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Received,
    Accepted,
    Forwarded,
    Rejected,
    /// 100 of 150, and 20 are left to the patient.
    PaidPartly,
    /// Nothing, as all is the patient's.
    PaidNothing,
    Denied,
    Reversed,
    Voided,
}

/// A move of one of the session's claims.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) claim: usize,
    pub(crate) what: Move,
}

fn walk(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    use Move::*;
    let word = prop_oneof![
        1 => Just(Word::Received),
        3 => Just(Word::Accepted),
        1 => Just(Word::Forwarded),
        2 => Just(Word::Rejected),
        3 => Just(Word::PaidPartly),
        1 => Just(Word::PaidNothing),
        3 => Just(Word::Denied),
        3 => Just(Word::Reversed),
        1 => Just(Word::Voided),
    ];
    let what = prop_oneof![
        2 => Just(Edit), 1 => Just(EditStale), 1 => Just(EditTwice), 6 => Just(MarkReady), 6 => Just(Submit),
        1 => Just(Cancel), 1 => Just(Hold), 2 => Just(Release), 2 => Just(Confirm), 1 => Just(Fail),
        14 => word.prop_map(Say),
        1 => Just(Void), 1 => Just(WriteOff), 1 => Just(CloseDenial), 2 => Just(Appeal), 2 => Just(Replace),
        2 => Just(BillNext),
    ];
    prop::collection::vec((0usize..4, what).prop_map(|(claim, what)| Step { claim, what }), steps)
}

fn answer(word: Word) -> Answer {
    match word {
        Word::Received => received(),
        Word::Accepted => crate::desk::accepted(),
        Word::Forwarded => Answer::Forwarded(pb::PayerForwarded {}),
        Word::Rejected => rejected(),
        Word::PaidPartly => paid(),
        Word::PaidNothing => Answer::Paid(pb::PayerPaid {
            paid_amount: "0.00".into(),
            patient_responsibility_amount: "150.00".into(),
            adjustments: vec![adjustment(pb::AdjustmentGroup::PatientResponsibility, "1", "150.00")],
            payer_claim_number: "PCN-1".into(),
            paid_on: Some((2026, 3, 20).into()),
            forwarded: false,
        }),
        Word::Denied => denied(),
        Word::Reversed => reversed(),
        Word::Voided => Answer::Voided(pb::PayerVoided {}),
    }
}

/// The claim as it is known by its ids.
fn named(model: &Model, of: usize) -> pb::Claim {
    let claim = &model.claims[of];
    pb::Claim { id: claim.id.clone(), claim_number: claim.number.clone(), ..Default::default() }
}

async fn edit(desk: &Desk, id: &str, etag: &str) -> Result<pb::Claim, Status> {
    let claim = pb::Claim { id: id.into(), etag: etag.into(), copay_amount: "20.00".into(), ..Default::default() };
    desk.world.update(claim, &["copay_amount"]).await
}

/// Makes the step; how it ended, and the claim that it made.
async fn play(desk: &Desk, model: &Model, step: Step, at: usize) -> (End, Option<pb::Claim>) {
    let world = &desk.world;
    let claim = named(model, step.claim);
    let id = claim.id.as_str();
    let version = model.claims[step.claim].version;
    let done = |result: Result<pb::Claim, Status>| (End::of(result.map(drop)), None);
    match step.what {
        Move::Edit => done(edit(desk, id, &version.to_string()).await),
        Move::EditStale => done(edit(desk, id, &(version + 7).to_string()).await),
        Move::EditTwice => {
            let etag = version.to_string();
            let (a, b) = futures_util::future::join(edit(desk, id, &etag), edit(desk, id, &etag)).await;
            // exactly one of them is seen to have changed it, if it may be changed
            match (a, b) {
                (Ok(claim), Err(status)) | (Err(status), Ok(claim)) => {
                    assert_eq!(refusal(Err::<(), _>(status)).0, tonic::Code::Aborted);
                    done(Ok(claim))
                }
                (Err(status), Err(_)) => done(Err(status)),
                (Ok(_), Ok(_)) => panic!("an update was lost"),
            }
        }
        Move::MarkReady => done(world.mark_ready(id, &[]).await),
        Move::Submit => done(world.submit(id).await),
        Move::Cancel => done(world.cancel(id).await),
        Move::Hold => done(world.hold(id).await),
        Move::Release => done(world.release(id).await),
        Move::CloseDenial => done(world.close_denial(id).await),
        Move::Void => (End::of(world.void(id).await.map(drop)), None),
        Move::WriteOff => (End::of(world.write_off(id).await.map(drop)), None),
        Move::Appeal => (End::of(world.appeal(id).await.map(drop)), None),
        Move::Replace => made(world.replace(id).await),
        Move::BillNext => made(world.bill_next(id).await),
        Move::Confirm | Move::Fail => (transmission(desk, model, step, at).await, None),
        Move::Say(word) => {
            let request = pb::ReportPayerResponseRequest {
                responded_at: Some(said_at(at)),
                ..report(&claim, &format!("{id} {at}"), answer(word))
            };
            (End::of(desk.report(request).await.map(drop)), None)
        }
    }
}

fn made(result: Result<pb::Claim, Status>) -> (End, Option<pb::Claim>) {
    match result {
        Ok(claim) => (End::Done, Some(claim)),
        Err(status) => (End::of(Err(status)), None),
    }
}

async fn transmission(desk: &Desk, model: &Model, step: Step, at: usize) -> End {
    let claim = named(model, step.claim);
    let submission_id = desk.submission(&claim).await;
    if submission_id.is_empty() {
        return End::Refused("NOT_FOUND".into());
    }
    let named = pb::SubmissionRef { claim_id: claim.id, submission_id, snapshot_hash: String::new() };
    if step.what == Move::Fail {
        return End::of(desk.fail(named).await.map(drop));
    }
    let request = pb::ConfirmTransmissionRequest {
        submissions: vec![named],
        transmitted_at: Some(said_at(at)),
        ..Default::default()
    };
    let call = desk.adapter.call("ClearinghouseService/ConfirmTransmission", request);
    use therapy_claims::claims::v1::clearinghouse_service_server::ClearinghouseService;
    let results = body(desk.clearinghouse.confirm_transmission(call).await).unwrap().results;
    match results[0].outcome.clone().unwrap() {
        pb::transmission_result::Outcome::Claim(_) => End::Done,
        pb::transmission_result::Outcome::Problem(problem) => End::Refused(problem.reason),
    }
}

/// How all claims of the session stand, in the words of the model.
async fn standing(desk: &Desk, session: &str) -> String {
    let sum = |kinds: &str| {
        format!(
            "coalesce((SELECT sum(amount) FROM claims.ledger_entries l WHERE l.claim_id = c.id AND kind IN ({kinds})), 0)::numeric(12,2)"
        )
    };
    let line = format!(
        "concat_ws(' ', c.id, c.status, c.payer_state, c.disposition, coalesce(c.before_void_status, '-'), \
         coalesce(c.before_void_payer_state, '-'), c.was_transmitted, c.attempt, c.paid_amount, c.adjusted_amount, \
         c.patient_responsibility_amount, '=', {}, {}, {}, \
         (SELECT count(*) FROM claims.submissions s WHERE s.claim_id = c.id), c.version)",
        sum("'payer_payment'"),
        sum("'adjustment', 'write_off'"),
        sum("'patient_responsibility'")
    );
    let sql =
        format!("SELECT string_agg({line}, E'\\n' ORDER BY c.id) FROM claims.claims c WHERE session_id = '{session}'");
    desk.world.ask(&sql).await
}

async fn compare(desk: &Desk, steps: &[Step]) {
    let draft = desk.world.draft().await;
    for sequence in ["secondary", "tertiary"] {
        desk.world.add_coverage(draft.patient_id.parse().unwrap(), "99902", sequence).await;
    }
    let mut model = Model::new(&draft);
    let mut told = String::new();
    for (at, step) in steps.iter().enumerate() {
        let step = Step { claim: step.claim % model.claims.len(), ..*step };
        writeln!(told, "{at}: {step:?}").unwrap();
        let (end, new) = play(desk, &model, step, at).await;
        let expected = model.take(step, at, &end, new.as_ref());
        assert_eq!(end, expected, "{told}");
        let stands = standing(desk, &draft.session_id).await;
        if let Err(unlike) = model.check(&stands) {
            panic!("{unlike}\nafter\n{told}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a test runs is for whoever runs it to say")]
fn from_environment(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn random_walks_go_as_the_machine_says_and_the_money_adds_up() {
    let (walks, steps) = (from_environment("CLAIM_WALKS", 300), from_environment("CLAIM_WALK_STEPS", 50));
    let threads = 4;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let seed = [u8::try_from(thread).unwrap(); 32];
                let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
                let mut runner = TestRunner::new_with_rng(Config::default(), rng);
                runtime.block_on(async {
                    let desk = Desk::new().await;
                    for _ in (thread..walks).step_by(threads) {
                        let steps = walk(steps).new_tree(&mut runner).unwrap().current();
                        compare(&desk, &steps).await;
                    }
                });
            });
        }
    });
}
