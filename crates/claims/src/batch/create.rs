//! Writing files: what waits for a partner is taken, written, numbered and noted in one transaction.

use audit::{Action, Change, Entry};
use bigdecimal::BigDecimal;
use kernel::id::{BatchId, ClaimId, SubmissionId};
use kernel::phi::Disclosed;
use kernel::{Code, Failure, Phi, Scope, Violations, money};
use schema::Tx;
use sha2::{Digest, Sha256};
use therapy_claims::claims::v1 as pb;
use x12::claim::write::ClaimWriter;
use x12::violation::Refused;

use super::convert::{Wanted, to_pb};
use super::store::{self, Waiting};
use super::{Batch, BatchState, TradingPartner, file};

/// What a file tells of, on record.
pub(crate) const RESOURCE: &str = Waiting::RESOURCE;
/// As many rows as an audit entry names.
pub(crate) const ENTRY_CLAIMS: usize = 200;

/// What came of writing one partner's file.
#[derive(Debug)]
pub struct Written {
    pub batch: Option<Batch>,
    pub problems: Vec<Problem>,
    /// More waits than the file was to hold.
    pub has_more: bool,
}

/// A submission that no file can hold.
#[derive(Debug, Clone)]
pub struct Problem {
    pub claim: ClaimId,
    pub submission: SubmissionId,
    /// Fields of the claim file, and what is wrong with each.
    pub violations: Vec<(String, &'static str)>,
}

/// The bytes of a file, and what is in them.
struct Content {
    bytes: Vec<u8>,
    held: Vec<SubmissionId>,
    charged: BigDecimal,
}

/// Writes one file for each partner that something waits for.
///
/// # Errors
/// `NOT_FOUND` for a partner that there is none of; the database's.
pub async fn create(tx: &Tx<'_>, wanted: &Wanted) -> Result<Change<pb::CreateSubmissionBatchResponse>, Failure> {
    let mut partners = store::partners(tx).await?;
    if partners.is_empty() {
        return Err(Failure::new(
            Code::FailedPrecondition,
            "TRADING_PARTNER_MISSING",
            "no trading partner is known: the operator loads them with `claimsd reference load trading-partners FILE`",
        ));
    }
    if let Some(id) = &wanted.partner {
        partners.retain(|partner| partner.id == *id);
        if partners.is_empty() {
            return Err(Failure::not_found("trading_partner", id));
        }
    }
    let mut made = Entry::bare(tx.scope(), Action::Create, Batch::RESOURCE);
    let mut more = Vec::new();
    let mut answer = pb::CreateSubmissionBatchResponse::default();
    for partner in &partners {
        let Written { batch, problems, has_more } = one(tx, partner, wanted.claims, &mut more).await?;
        if let Some(batch) = batch {
            made = made.with(batch.id.uuid());
            answer.batches.push(to_pb(batch));
        }
        answer.problems.extend(problems.iter().map(problem_to_pb));
        answer.has_more |= has_more;
    }
    let change = Change::recorded(made, Phi::new(answer));
    Ok(more.into_iter().fold(change, Change::and))
}

async fn one(tx: &Tx<'_>, partner: &TradingPartner, most: i32, entries: &mut Vec<Entry>) -> Result<Written, Failure> {
    let most = most.min(partner.claims_per_batch);
    let found = store::waiting(tx, partner, i64::from(most) + 1).await?;
    let mut waiting: Vec<&Waiting> = found.peek().iter().collect();
    let has_more = waiting.len() > usize::try_from(most).unwrap_or(usize::MAX);
    waiting.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    if waiting.is_empty() {
        return Ok(Written { batch: None, problems: Vec::new(), has_more });
    }
    // one hierarchy for all claims of a subscriber, and of a patient
    waiting.sort_by(|a, b| place(a).cmp(&place(b)));
    let number = store::control_number(tx).await?;
    let (content, problems) = write(tx.scope(), partner, number, &waiting)?;
    for claims in waiting.chunks(ENTRY_CLAIMS) {
        let mut entry = Entry::bare(tx.scope(), Action::View, Waiting::RESOURCE);
        claims.iter().for_each(|w| w.disclosed(&mut |id, patient| entry.add(id, patient)));
        entries.push(entry);
    }
    let Content { bytes, held, charged } = content;
    if held.is_empty() {
        return Ok(Written { batch: None, problems, has_more });
    }
    let now = tx.scope().now();
    let batch = Batch {
        practice_id: tx.scope().practice(),
        id: BatchId::new(),
        trading_partner_id: partner.id.clone(),
        control_number: number,
        reference: Batch::reference(number),
        claim_count: i32::try_from(held.len()).map_err(Failure::internal)?,
        charge_amount: charged,
        content_hash: Sha256::digest(&bytes).to_vec(),
        content_size: i32::try_from(bytes.len()).map_err(Failure::internal)?,
        state: BatchState::Created,
        created_by: tx.scope().actor_id(),
        transmitted_at: None,
        transmission_ref: None,
        failed_at: None,
        failure_reason: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    store::insert(tx, &batch, &bytes, &held).await?;
    Ok(Written { batch: Some(batch), problems, has_more })
}

/// What a file is sorted by.
fn place(waiting: &Waiting) -> (&str, &str, ClaimId) {
    let snapshot = &waiting.snapshot.0;
    let (payer, member) = snapshot.coverage.as_ref().map_or(("", ""), |c| (&c.payer_id, &c.member_id));
    (payer, member, waiting.claim_id)
}

fn write(
    scope: &Scope,
    partner: &TradingPartner,
    number: i32,
    waiting: &[&Waiting],
) -> Result<(Content, Vec<Problem>), Failure> {
    let at = scope.now().naive_utc();
    let control_number = u32::try_from(number).map_err(Failure::internal)?;
    let unusable = |refused| unusable(partner, &refused);
    let mut writer = ClaimWriter::begin(file::interchange(partner, control_number, at)).map_err(unusable)?;
    writer.begin_batch(file::header(partner, Batch::reference(number), at)).map_err(unusable)?;
    let (mut held, mut problems, mut charged) = (Vec::with_capacity(waiting.len()), Vec::new(), money::zero());
    for waiting in waiting {
        let snapshot = &waiting.snapshot.0;
        let written = file::claim(snapshot, waiting.attempt).and_then(|claim| writer.write(&claim).map(drop));
        match written {
            Ok(()) => {
                held.push(waiting.id);
                charged += &snapshot.claim.charge_amount;
            }
            Err(Refused(violations)) => problems.push(Problem {
                claim: waiting.claim_id,
                submission: waiting.id,
                violations: violations.into_iter().map(|v| (v.field, v.problem)).collect(),
            }),
        }
    }
    Ok((Content { bytes: writer.finish(), held, charged }, problems))
}

/// What the operator has loaded for this partner fits in no file.
fn unusable(partner: &TradingPartner, refused: &Refused) -> Failure {
    tracing::error!(partner = partner.id, %refused, "a trading partner can't be written to");
    Failure::new(
        Code::FailedPrecondition,
        "TRADING_PARTNER_UNUSABLE",
        "the trading partner's reference data fits in no claim file; the server's log names the fields",
    )
}

fn problem_to_pb(problem: &Problem) -> pb::SubmissionProblem {
    let mut v = Violations::new();
    for (field, description) in &problem.violations {
        v.add(field, description);
    }
    let failure = Failure::invalid(v.into_list());
    pb::SubmissionProblem {
        claim_id: problem.claim.to_string(),
        submission_id: problem.submission.to_string(),
        problem: Some(clinical::import::problem::of(&failure)),
    }
}
