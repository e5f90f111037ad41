//! Random remittances through the real ingestion: payments, denials, reversals and corrections of claims, and adjustments of
//! the practice's account, in several files, in any order, brought again and at once; some name no claim of ours, and a person
//! matches those in the end.
//!
//! Afterwards each claim's sums are those of its ledger and of the one decision that no reversal took back, each remittance
//! adds up to its payment, and nothing was posted twice. `MONEY_CASES` sets how many.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use therapy_claims::claims::v1 as pb;

use crate::desk::Desk;
use crate::ingest::{remittance, x835};

/// What each claim charges, in cents.
const CHARGE: i64 = 15_000;

/// How a payer decides; the amounts are cents.
#[derive(Debug, Clone, Copy)]
enum Decision {
    Paid {
        paid: i64,
        patient: i64,
    },
    /// In full, called a denial or processed.
    Denied {
        says_so: bool,
    },
}

/// One claim's history: each decision but the last was taken back, and the last one may be.
#[derive(Debug, Clone)]
struct History {
    decisions: Vec<Decision>,
    is_taken_back: bool,
    /// The place of the event whose numbers got lost, if there is such an event.
    lost: usize,
}

#[derive(Debug, Clone)]
struct Case {
    histories: Vec<History>,
    /// Where each event goes: the payment, and its place in it.
    places: Vec<(usize, u32)>,
    /// Of each payment: adjustments of the account, in cents as the payer signs them.
    accounts: Vec<Vec<i64>>,
    /// The payments of each file; all are in one at least.
    files: Vec<Vec<bool>>,
    order: Vec<u32>,
    /// How often each file comes.
    times: usize,
    at_once: bool,
}

fn history() -> impl Strategy<Value = History> {
    let paid = (0..=CHARGE, 0..=CHARGE).prop_map(|(a, b)| Decision::Paid { paid: a.min(b), patient: (a - b).abs() });
    let decision = prop_oneof![4 => paid, 1 => any::<bool>().prop_map(|says_so| Decision::Denied { says_so })];
    (prop::collection::vec(decision, 1..4), prop::bool::weighted(0.2), 0usize..12)
        .prop_map(|(decisions, is_taken_back, lost)| History { decisions, is_taken_back, lost })
}

fn case() -> impl Strategy<Value = Case> {
    (
        prop::collection::vec(history(), 1..5),
        prop::collection::vec((0usize..4, any::<u32>()), 24),
        prop::collection::vec(prop::collection::vec(-5_000i64..5_000, 0..3), 4),
        prop::collection::vec(prop::collection::vec(prop::bool::weighted(0.4), 4), 1..4),
        prop::collection::vec(any::<u32>(), 16),
        1usize..4,
        prop::bool::weighted(0.3),
    )
        .prop_map(|(histories, places, accounts, files, order, times, at_once)| Case {
            histories,
            places,
            accounts,
            files,
            order,
            times,
            at_once,
        })
}

fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

impl Decision {
    /// Paid, adjusted and the patient's.
    const fn sums(self) -> (i64, i64, i64) {
        match self {
            Self::Paid { paid, patient } => (paid, CHARGE - paid - patient, patient),
            Self::Denied { .. } => (0, CHARGE, 0),
        }
    }

    /// The segments of it, or of its reversal.
    fn segments(self, number: &str, is_reversal: bool) -> String {
        let sign = if is_reversal { -1 } else { 1 };
        let (paid, adjusted, patient) = self.sums();
        let status = match self {
            _ if is_reversal => "22",
            Self::Denied { says_so: true } => "4",
            Self::Denied { says_so: false } | Self::Paid { .. } => "1",
        };
        let reason = if matches!(self, Self::Denied { .. }) { "197" } else { "45" };
        let (charge, paid) = (money(sign * CHARGE), money(sign * paid));
        let mut text = format!(
            "CLP*{number}*{status}*{charge}*{paid}**12*ICN{number}*11*1~NM1*QC*1*QUILL*AVERY****MI*W123456789~\
             SVC*HC:90837:95*{charge}*{paid}**1~DTM*472*20260316~"
        );
        for (group, reason, amount) in [("CO", reason, adjusted), ("PR", "3", patient)] {
            if amount != 0 {
                write!(text, "CAS*{group}*{reason}*{}~", money(sign * amount)).unwrap();
            }
        }
        text
    }
}

impl History {
    /// All that is said of the claim, in the order in which it came to be.
    fn events(&self) -> Vec<(Decision, bool)> {
        let mut events = Vec::new();
        for (at, decision) in self.decisions.iter().enumerate() {
            events.push((*decision, false));
            if at + 1 < self.decisions.len() || self.is_taken_back {
                events.push((*decision, true));
            }
        }
        events
    }

    /// What stands in the end.
    fn sums(&self) -> (i64, i64, i64) {
        let last = self.decisions.last().filter(|_| !self.is_taken_back);
        last.map_or((0, 0, 0), |decision| decision.sums())
    }
}

/// One event as it stands in a payment.
struct Event {
    place: (usize, u32),
    text: String,
    paid: i64,
}

/// A transaction set: its kind and its segments.
type Set = (&'static str, String);

/// The payments of a case as sets, under numbers that begin so, and the claims of what got lost.
fn payments(case: &Case, claims: &[pb::Claim], name: &str) -> (Vec<Set>, Vec<(String, usize)>) {
    let (mut events, mut lost, mut places) = (Vec::new(), Vec::new(), case.places.iter());
    for (of, (history, claim)) in case.histories.iter().zip(claims).enumerate() {
        for (at, (decision, is_reversal)) in history.events().into_iter().enumerate() {
            let number = if at == history.lost { format!("L{name}{of}") } else { claim.claim_number.clone() };
            if at == history.lost {
                lost.push((number.clone(), of));
            }
            let paid = if is_reversal { -decision.sums().0 } else { decision.sums().0 };
            let place = *places.next().unwrap();
            events.push(Event { place, text: decision.segments(&number, is_reversal), paid });
        }
    }
    events.sort_by_key(|event| event.place);
    let set = |(at, account): (usize, &Vec<i64>)| {
        let own: Vec<&Event> = events.iter().filter(|event| event.place.0 == at).collect();
        let mut account: Vec<i64> = account.iter().copied().filter(|amount| *amount != 0).collect();
        let net = |account: &[i64]| own.iter().map(|event| event.paid).sum::<i64>() - account.iter().sum::<i64>();
        if net(&account) < 0 {
            // carried to a later payment, since none is below nothing
            account.push(net(&account));
        }
        let adjustments: String =
            account.iter().map(|amount| format!("PLB*1234567893*20261231*CS:A{at}*{}~", money(*amount))).collect();
        let (kind, header) = x835(&format!("{name}P{at}"), &money(net(&account)), &[], "");
        (kind, header + &own.iter().map(|event| event.text.as_str()).collect::<String>() + &adjustments)
    };
    (case.accounts.iter().enumerate().map(set).collect(), lost)
}

/// The payments in files, in an order that `turn` changes, each as often as it comes.
fn files(case: &Case, sets: &[Set], turn: usize) -> Vec<String> {
    let mut groups: Vec<Vec<usize>> = case
        .files
        .iter()
        .map(|chosen| (0..sets.len()).filter(|at| chosen.get(*at).copied().unwrap_or_default()).collect())
        .collect();
    // what no file holds comes alone
    let held: Vec<usize> = groups.concat();
    groups.extend((0..sets.len()).filter(|at| !held.contains(at)).map(|at| vec![at]));
    let mut all: Vec<(u32, String)> = Vec::new();
    for time in 0..case.times {
        for (at, group) in groups.iter().filter(|group| !group.is_empty()).enumerate() {
            let mut group = group.clone();
            let first = (time + turn) % group.len();
            group.rotate_left(first);
            let sets: Vec<_> = group.iter().map(|at| sets[*at].clone()).collect();
            let control = 800 + u32::try_from(at + 10 * time).unwrap();
            let order = case.order[(at + 5 * time) % case.order.len()];
            let order = if turn == 0 { order } else { order.reverse_bits() ^ u32::MAX };
            all.push((order, remittance(control, &sets)));
        }
    }
    all.sort();
    all.into_iter().map(|(_, file)| file).collect()
}

async fn bring(desk: &Desk, files: &[String], at_once: bool) {
    let one = async |file: &String| {
        let taken = desk.ingest(file).await;
        for message in &taken.messages {
            let state = message.state();
            assert!(matches!(state, pb::InboundState::Applied | pb::InboundState::Repeated), "{taken:?}\n{file}");
        }
    };
    if at_once {
        futures_util::future::join_all(files.iter().map(one)).await;
    } else {
        for file in files {
            one(file).await;
        }
    }
}

/// Plays a case once; what each claim comes to is told for the other order to compare.
async fn play(desk: &Desk, case: &Case, name: &str, turn: usize) -> Vec<String> {
    let (claims, _) = desk.sent(case.histories.len()).await;
    let (sets, lost) = payments(case, &claims, name);
    bring(desk, &files(case, &sets, turn), case.at_once).await;
    let mut queue = desk.queue().await;
    // beside what got lost there is what waits for it
    queue.retain(|told| told.state() == pb::RemittanceClaimState::Unmatched);
    assert_eq!(queue.len(), lost.len(), "what nobody could find is what got lost");
    for (number, of) in lost {
        let told = queue.iter().find(|told| told.claim_number == number).unwrap();
        let (id, claim_id) = (told.id.clone(), claims[of].id.clone());
        desk.match_it(pb::MatchRemittanceClaimRequest { id, claim_id, ..Default::default() }).await.unwrap();
    }
    assert_eq!(desk.queue().await, [], "nothing waits any more");
    let mut stand = Vec::new();
    for (history, claim) in case.histories.iter().zip(&claims) {
        let (paid, adjusted, patient) = history.sums();
        let expected = format!("{} {} {}", money(paid), money(adjusted), money(patient));
        desk.assert_money(claim, &expected).await;
        let claim = desk.world.get(&claim.id).await.unwrap();
        stand.push(format!("{expected} {:?} {:?}", claim.status(), claim.payer_state()));
    }
    stand
}

/// What must hold of all that was ever stored.
async fn adds_up(desk: &Desk) {
    let wrong = "SELECT string_agg(r.payment_reference, ' ') FROM claims.remittances r WHERE NOT r.is_complete OR r.payment_amount <>
        coalesce((SELECT sum(paid_amount) FROM claims.remittance_claims c WHERE c.remittance_id = r.id), 0)
        - coalesce((SELECT sum(amount) FROM claims.practice_ledger_entries l WHERE l.remittance_id = r.id), 0)";
    assert_eq!(desk.world.ask(wrong).await, "", "payments less adjustments are what was paid");
    let sum = |kinds: &str| {
        format!(
            "coalesce((SELECT sum(amount) FROM claims.ledger_entries l WHERE l.claim_id = c.id AND kind IN ({kinds})), 0)"
        )
    };
    let wrong = format!(
        "SELECT string_agg(c.claim_number, ' ') FROM claims.claims c WHERE c.paid_amount <> {} OR c.adjusted_amount <> {}
           OR c.patient_responsibility_amount <> {}",
        sum("'payer_payment'"),
        sum("'adjustment', 'write_off'"),
        sum("'patient_responsibility'")
    );
    assert_eq!(desk.world.ask(&wrong).await, "", "a claim's amounts are the sums of its movements");
    let twice = "SELECT count(*) FROM (SELECT FROM claims.remittance_claims WHERE state = 'posted'
        GROUP BY practice_id, acknowledgment_id HAVING count(*) > 1 OR acknowledgment_id IS NULL) AS t";
    assert_eq!(desk.world.ask(twice).await, "0", "each is an answer of its own");
}

#[expect(clippy::disallowed_methods, reason = "how long a test runs is for whoever runs it to say")]
fn cases() -> usize {
    std::env::var("MONEY_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}

#[test]
fn money_adds_up_whatever_comes_in_whatever_order() {
    let threads = 2;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let seed = [u8::try_from(thread).unwrap(); 32];
                let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
                let mut runner = TestRunner::new_with_rng(Config::default(), rng);
                runtime.block_on(async {
                    let desk = Desk::new().await;
                    for number in (thread..cases()).step_by(threads) {
                        let case = case().new_tree(&mut runner).unwrap().current();
                        let one = play(&desk, &case, &format!("A{number}"), 0).await;
                        let other = play(&desk, &case, &format!("B{number}"), 1).await;
                        assert_eq!(one, other, "{case:?}");
                    }
                    adds_up(&desk).await;
                });
            });
        }
    });
}
