//! Files of answers: whose they are, what they do to claims and money, and what comes of bringing them twice.

use claims::inbound::ingest::Ingest;
use therapy_claims::claims::v1 as pb;
use therapy_claims::common::v1::ClaimStatus;
use tonic::Status;

use crate::desk::Desk;
use crate::world::assert_stands;

/// Of the practice in the tests' world.
const NPI: &str = "1234567893";

impl Desk {
    pub(crate) async fn ingest(&self, file: &str) -> pb::IngestResponseResponse {
        self.try_ingest(file.as_bytes(), 1 << 20).await.unwrap()
    }

    pub(crate) async fn try_ingest(&self, file: &[u8], piece: usize) -> Result<pb::IngestResponseResponse, Status> {
        let ctx = self.adapter.ctx("ClearinghouseService/IngestResponse");
        let pieces: Vec<Result<pb::IngestResponseRequest, Status>> =
            file.chunks(piece).map(|piece| Ok(pb::IngestResponseRequest { content: piece.to_vec() })).collect();
        let payers = &self.world.payers.list().await.unwrap();
        let ingest = Ingest { vault: &self.world.vault, hub: &self.world.hub, payers, ctx: &ctx };
        ingest.run(tokio_stream::iter(pieces)).await.map_err(|failure| kernel::status::to_status(&failure, ""))
    }

    /// A claim in a file that was sent, and the file.
    pub(crate) async fn sent(&self, claims: usize) -> (Vec<pb::Claim>, pb::SubmissionBatch) {
        let mut sent = Vec::new();
        for _ in 0..claims {
            sent.push(self.submitted().await.0);
        }
        let batch = self.write_files(Default::default()).await.unwrap().batches.pop().unwrap();
        let named = pb::BatchRef { batch_id: batch.id.clone(), ..Default::default() };
        self.confirm_file(named).await.unwrap();
        (sent, batch)
    }

    pub(crate) async fn stands(&self, claim: &pb::Claim, status: ClaimStatus, state: pb::PayerState) {
        assert_stands(&self.world.get(&claim.id).await.unwrap(), status, state);
    }

    /// Paid, adjusted, the patient's, as the claim and as its ledger have them.
    pub(crate) async fn money(&self, claim: &pb::Claim) -> (String, String) {
        let of_claim = format!(
            "SELECT concat_ws(' ', paid_amount, adjusted_amount, patient_responsibility_amount) FROM claims.claims WHERE id = '{}'",
            claim.id
        );
        let sum = |kinds: &str| format!("coalesce(sum(amount) FILTER (WHERE kind IN ({kinds})), 0.00)");
        let of_ledger = format!(
            "SELECT concat_ws(' ', {}, {}, {}) FROM claims.ledger_entries WHERE claim_id = '{}'",
            sum("'payer_payment'"),
            sum("'adjustment', 'write_off'"),
            sum("'patient_responsibility'"),
            claim.id
        );
        (self.world.ask(&of_claim).await, self.world.ask(&of_ledger).await)
    }

    pub(crate) async fn assert_money(&self, claim: &pb::Claim, expected: &str) {
        let (of_claim, of_ledger) = self.money(claim).await;
        assert_eq!((of_claim.as_str(), of_ledger.as_str()), (expected, expected));
    }
}

/// An interchange around segments that the caller gives, each set with its count.
pub(crate) fn interchange(control: u32, group: &str, version: &str, sets: &[(&str, String)]) -> String {
    let mut file = format!(
        "ISA*00*          *00*          *ZZ*TCH99          *ZZ*TCLAIMS        *260320*1500*^*00501*{control:09}*0*T*:~\n"
    );
    if !sets.is_empty() {
        file += &format!("GS*{group}*TCH99*TCLAIMS*20260320*1500*{control}*X*{version}~\n");
        for (n, (kind, body)) in sets.iter().enumerate() {
            let count = body.matches('~').count() + 2;
            file += &format!("ST*{kind}*{:04}~\n{body}SE*{count}*{:04}~\n", n + 1, n + 1);
        }
        file += &format!("GE*{}*{control}~\n", sets.len());
    }
    file + &format!("IEA*{}*{control:09}~\n", usize::from(!sets.is_empty()))
}

pub(crate) fn ta1(batch: &pb::SubmissionBatch, verdict: &str) -> String {
    let envelope = interchange(700, "", "", &[]);
    envelope.replace("IEA*", &format!("TA1*{:09}*260320*1500*{verdict}*000~\nIEA*", batch.control_number))
}

pub(crate) fn x999(batch: &pb::SubmissionBatch, errors: &str, verdict: &str) -> String {
    let body = format!(
        "AK1*HC*{}*005010X222A1~AK2*837*0001*005010X222A1~{errors}IK5*{verdict}~AK9*{verdict}*1*1*{}~",
        batch.control_number,
        u8::from(verdict == "A"),
    );
    interchange(701, "FA", "005010X231A1", &[("999", body)])
}

/// One claim after the other with its status.
pub(crate) fn x277(batch: &pb::SubmissionBatch, claims: &[(&pb::Claim, &str)]) -> String {
    let mut body = format!(
        "BHT*0085*08*C1*20260320*1500*TH~HL*1**20*1~NM1*AY*2*TESTING CLEARINGHOUSE*****46*TCH99~TRN*1*T1~\
         DTP*050*D8*20260320~DTP*009*D8*20260320~HL*2*1*21*1~NM1*41*2*THERAPY CLAIMS*****46*TCLAIMS~TRN*2*{}~\
         STC*A1:19:PR*20260320*WQ*300~HL*3*2*19*1~NM1*85*2*HARBOR*****XX*{NPI}~TRN*1*0~STC*A1:19:PR**WQ*300~",
        batch.reference
    );
    for (n, (claim, status)) in claims.iter().enumerate() {
        let action = if status.starts_with("A2") || status.starts_with("A1") { "WQ" } else { "U" };
        body += &format!(
            "HL*{}*3*PT~NM1*QC*1*QUILL*AVERY****MI*W123456789~TRN*2*{}~STC*{status}*20260320*{action}*150~REF*1K*ICN{}~\
             REF*D9*{}-1~DTP*472*D8*20260316~",
            n + 4,
            claim.claim_number,
            claim.claim_number,
            claim.claim_number
        );
    }
    interchange(702, "HN", "005010X214", &[("277", body)])
}

/// What an 835 says of a claim: status, charge, paid, adjustments.
pub(crate) type Paid<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [(&'a str, &'a str, &'a str)]);

pub(crate) fn clp((number, status, charge, paid, adjustments): Paid<'_>) -> String {
    let mut text = format!(
        "CLP*{number}*{status}*{charge}*{paid}**12*ICN{number}*11*1~NM1*QC*1*QUILL*AVERY****MI*W123456789~\
         SVC*HC:90837:95*{charge}*{paid}**1~DTM*472*20260316~"
    );
    for (group, reason, amount) in adjustments {
        text += &format!("CAS*{group}*{reason}*{amount}~");
    }
    text + &format!("REF*6R*{number}01~")
}

pub(crate) fn x835(payment: &str, amount: &str, claims: &[Paid<'_>], account: &str) -> (&'static str, String) {
    let mut body = format!(
        "BPR*I*{amount}*C*CHK************20260320~TRN*1*{payment}*1999999999~DTM*405*20260319~\
         N1*PR*SAMPLE HEALTH PLAN*XV*99901~N1*PE*HARBOR THERAPY*XX*{NPI}~REF*TJ*123456789~LX*1~"
    );
    claims.iter().for_each(|claim| body += &clp(*claim));
    ("835", body + account)
}

pub(crate) fn remittance(control: u32, sets: &[(&str, String)]) -> String {
    interchange(control, "HP", "005010X221A1", sets)
}

pub(crate) const USUAL: &[(&str, &str, &str)] = &[("CO", "45", "20"), ("PR", "3", "20")];
pub(crate) const REVERSED: &[(&str, &str, &str)] = &[("CO", "45", "-20"), ("PR", "3", "-20")];

pub(crate) fn only(answer: &pb::IngestResponseResponse) -> &pb::InboundMessage {
    assert_eq!(answer.messages.len(), 1, "{answer:?}");
    &answer.messages[0]
}

pub(crate) fn reason(message: &pb::InboundMessage) -> &str {
    message.problem.as_ref().map_or("", |problem| problem.reason.as_str())
}

#[tokio::test]
async fn answers_follow_a_claim_from_the_file_to_the_payment() {
    let desk = Desk::new().await;
    let (claims, batch) = desk.sent(2).await;
    let taken = desk.ingest(&ta1(&batch, "A")).await;
    assert_eq!((only(&taken).kind(), only(&taken).state()), (pb::InboundKind::Ta1, pb::InboundState::Applied));
    let taken = desk.ingest(&x999(&batch, "", "A")).await;
    assert_eq!((only(&taken).kind(), only(&taken).applied), (pb::InboundKind::InboundKind999, 2));
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Received).await;
    let taken = desk.ingest(&x277(&batch, &[(&claims[0], "A2:20:PR"), (&claims[1], "A7:562:85")])).await;
    assert_eq!((only(&taken).kind(), only(&taken).applied), (pb::InboundKind::InboundKind277ca, 2));
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Accepted).await;
    desk.stands(&claims[1], ClaimStatus::Draft, pb::PayerState::RejectedClearinghouse).await;
    let findings = desk.world.get(&claims[1].id).await.unwrap().findings;
    assert!(findings.iter().any(|f| f.code == "A7_562" && f.field == "billing_provider"), "{findings:?}");

    let number = claims[0].claim_number.as_str();
    let paid = remittance(703, &[x835("EFT1", "110", &[(number, "1", "150", "110", USUAL)], "")]);
    let taken = desk.ingest(&paid).await;
    assert_eq!((only(&taken).kind(), only(&taken).applied), (pb::InboundKind::InboundKind835, 1));
    desk.stands(&claims[0], ClaimStatus::Paid, pb::PayerState::PaidPartial).await;
    desk.assert_money(&claims[0], "110.00 20.00 20.00").await;
    let read = desk.world.ask("SELECT state FROM claims.batches").await;
    assert_eq!(read, "acknowledged");
}

#[tokio::test]
async fn a_rejected_file_gives_all_its_claims_back_and_names_the_faulty_one() {
    let desk = Desk::new().await;
    let (claims, batch) = desk.sent(2).await;
    let errors = format!("IK3*SV1*24**8~CTX*CLM01:{}~IK4*2*782*6~", claims[0].claim_number);
    let taken = desk.ingest(&x999(&batch, &errors, "R*5")).await;
    assert_eq!(only(&taken).applied, 2);
    for (claim, code) in [(&claims[0], "999_6"), (&claims[1], "999_IK5_5")] {
        let after = desk.world.get(&claim.id).await.unwrap();
        assert_stands(&after, ClaimStatus::Draft, pb::PayerState::RejectedTransport);
        assert!(after.findings.iter().any(|f| f.code == code), "{:?}", after.findings);
    }
    assert_eq!(desk.world.ask("SELECT state FROM claims.batches").await, "rejected");
}

#[tokio::test]
async fn an_answer_to_an_earlier_attempt_is_kept_and_changes_nothing() {
    let desk = Desk::new().await;
    let (claims, first) = desk.sent(1).await;
    desk.ingest(&x999(&first, "", "R*5")).await;
    let ready = desk.world.mark_ready(&claims[0].id, &[]).await.unwrap();
    desk.world.submit(&ready.id).await.unwrap();
    let second = desk.write_files(Default::default()).await.unwrap().batches.pop().unwrap();
    // it comes late, and its clock is ahead
    let late = desk.ingest(&x277(&first, &[(&claims[0], "A2:20:PR")])).await;
    assert_eq!((only(&late).applied, only(&late).recorded), (0, 1));
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Queued).await;
    let taken = desk.ingest(&x999(&second, "", "A")).await;
    assert_eq!(only(&taken).applied, 1);
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Received).await;
}

#[tokio::test]
async fn the_same_bytes_answer_as_the_first_time_and_the_same_payment_in_other_bytes_does_nothing() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(2).await;
    let numbers: Vec<&str> = claims.iter().map(|claim| claim.claim_number.as_str()).collect();
    let one = x835("EFT1", "110", &[(numbers[0], "1", "150", "110", USUAL)], "");
    let two = x835("EFT2", "110", &[(numbers[1], "1", "150", "110", USUAL)], "");
    let file = remittance(710, &[one.clone(), two.clone()]);
    let first = desk.ingest(&file).await;
    assert_eq!(first.messages.iter().map(|message| message.applied).sum::<i32>(), 2);
    for _ in 0..9 {
        let again = desk.try_ingest(file.as_bytes(), 7).await.unwrap();
        assert_eq!(again, pb::IngestResponseResponse { repeated: true, ..first.clone() });
    }
    // in other files, one by one, and with other line ends
    for (control, set) in [(711, one), (712, two)] {
        let again = desk.ingest(&remittance(control, &[set]).replace('\n', "\r\n")).await;
        assert_eq!((only(&again).state(), only(&again).repeated), (pb::InboundState::Repeated, 1));
    }
    for claim in &claims {
        desk.assert_money(claim, "110.00 20.00 20.00").await;
    }
    assert_eq!(desk.world.ask("SELECT count(*) FROM claims.remittances").await, "2");
    assert_eq!(desk.world.ask("SELECT count(*) FROM claims.acknowledgments WHERE kind = 'paid'").await, "2");
}

#[tokio::test]
async fn many_who_bring_the_same_at_once_post_it_once() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(3).await;
    let paid: Vec<Paid<'_>> =
        claims.iter().map(|claim| (claim.claim_number.as_str(), "1", "150", "110", USUAL)).collect();
    let set = x835("EFT1", "330", &paid, "");
    let files: Vec<String> = (0..8).map(|n| remittance(720 + n % 4, std::slice::from_ref(&set))).collect();
    let answers = futures_util::future::join_all(files.iter().map(|file| desk.ingest(file))).await;
    let sum = |of: fn(&pb::InboundMessage) -> i32| -> i32 {
        answers.iter().filter(|a| !a.repeated).flat_map(|a| &a.messages).map(of).sum()
    };
    assert!(sum(|message| message.applied) >= 3, "{answers:?}");
    for claim in &claims {
        desk.assert_money(claim, "110.00 20.00 20.00").await;
    }
    assert_eq!(desk.world.ask("SELECT count(*) FROM claims.acknowledgments WHERE kind = 'paid'").await, "3");
    assert_eq!(desk.world.ask("SELECT count(*) FROM claims.remittance_claims").await, "3");
}

#[tokio::test]
async fn a_reversal_and_its_correction_end_alike_in_any_order() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(2).await;
    let numbers: Vec<&str> = claims.iter().map(|claim| claim.claim_number.as_str()).collect();
    let first: Vec<Paid<'_>> = numbers.iter().map(|number| (*number, "1", "150", "110", USUAL)).collect();
    desk.ingest(&remittance(730, &[x835("EFT1", "220", &first, "")])).await;
    let corrected: &[(&str, &str, &str)] = &[("CO", "45", "50")];
    let in_order: Vec<Paid<'_>> =
        vec![(numbers[0], "22", "-150", "-110", REVERSED), (numbers[0], "1", "150", "100", corrected)];
    let turned: Vec<Paid<'_>> =
        vec![(numbers[1], "1", "150", "100", corrected), (numbers[1], "22", "-150", "-110", REVERSED)];
    // both in one set, where the payment is the difference: nothing is owed by either
    let account = "PLB*1234567893*20261231*L6:X*-10~";
    desk.ingest(&remittance(731, &[x835("EFT2", "0", &in_order, account)])).await;
    desk.ingest(&remittance(732, &[x835("EFT3", "0", &turned, account)])).await;
    for claim in &claims {
        desk.assert_money(claim, "100.00 50.00 0.00").await;
        desk.stands(claim, ClaimStatus::Paid, pb::PayerState::PaidFull).await;
    }
    let account =
        "SELECT string_agg(concat_ws(' ', reason_code, reference, amount), ', ') FROM claims.practice_ledger_entries";
    assert_eq!(desk.world.ask(account).await, "L6 X -10.00, L6 X -10.00");
}

#[tokio::test]
async fn every_remittance_adds_up_to_its_payment() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let number = claims[0].claim_number.as_str();
    let paid = [(number, "1", "150", "110", USUAL), ("NOBODY1", "1", "150", "110", USUAL)];
    desk.ingest(&remittance(735, &[x835("EFT1", "200", &paid, "PLB*1*20261231*WO:OLD*20~")])).await;
    let sum =
        "SELECT string_agg(concat_ws(' ', r.payment_amount, (SELECT sum(paid_amount) FROM claims.remittance_claims c
                 WHERE c.remittance_id = r.id) - (SELECT sum(amount) FROM claims.practice_ledger_entries l
                 WHERE l.remittance_id = r.id)), ',') FROM claims.remittances r";
    assert_eq!(desk.world.ask(sum).await, "200.00 200.00");
}

#[tokio::test]
async fn a_payment_that_does_not_add_up_is_parked_and_nothing_of_it_counts() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let number = claims[0].claim_number.as_str();
    let off_by_one = remittance(740, &[x835("EFT1", "111", &[(number, "1", "150", "110", USUAL)], "")]);
    let of_claim = remittance(741, &[x835("EFT2", "100", &[(number, "1", "150", "100", USUAL)], "")]);
    for (file, segment) in [(off_by_one, "BPR"), (of_claim, "SVC")] {
        let taken = desk.ingest(&file).await;
        let message = only(&taken);
        assert_eq!((message.state(), reason(message)), (pb::InboundState::Parked, "REMITTANCE_UNBALANCED"));
        assert_eq!(message.problem.as_ref().unwrap().segment, segment);
        assert_eq!(message.practice_id, desk.world.practice.to_string());
    }
    assert_eq!(desk.world.ask("SELECT count(*) FROM claims.remittances").await, "0");
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Transmitted).await;
}

#[tokio::test]
async fn a_broken_set_is_refused_with_its_place_and_hides_no_other() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(2).await;
    let paid = |claim: &pb::Claim, payment: &str| {
        x835(payment, "110", &[(claim.claim_number.as_str(), "1", "150", "110", USUAL)], "")
    };
    let (broken, good) = (paid(&claims[0], "EFT1"), paid(&claims[1], "EFT2"));
    let file = remittance(745, &[broken, good]).replacen("SE*16*0001", "SE*17*0001", 1);
    let taken = desk.ingest(&file).await;
    let states: Vec<_> = taken.messages.iter().map(|message| (message.state(), reason(message))).collect();
    assert_eq!(states, [(pb::InboundState::Refused, "MALFORMED"), (pb::InboundState::Applied, "")]);
    let problem = taken.messages[0].problem.clone().unwrap();
    let at = usize::try_from(problem.byte_position).unwrap();
    assert!(file.get(at..).is_some_and(|rest| rest.starts_with("SE*17*0001")), "{problem:?}");
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Transmitted).await;
    desk.stands(&claims[1], ClaimStatus::Paid, pb::PayerState::PaidPartial).await;
}

#[tokio::test]
async fn what_is_no_file_of_answers_is_refused_as_a_whole() {
    let desk = Desk::new().await;
    for file in ["x", "ISA*00", "<html></html>", "ISA~ISA~ISA~"] {
        let taken = desk.ingest(file).await;
        assert!(taken.messages.is_empty(), "{taken:?}");
        assert_eq!(taken.problem.unwrap().reason, "MALFORMED", "{file}");
    }
    assert_eq!(desk.try_ingest(b"", 1).await.unwrap_err().code(), tonic::Code::InvalidArgument);
}

#[tokio::test]
async fn what_answers_nothing_of_ours_is_parked() {
    let desk = Desk::new().await;
    let (_, batch) = desk.sent(1).await;
    let foreign = pb::SubmissionBatch { control_number: 999_999, reference: "B000999999".into(), ..batch };
    for file in [ta1(&foreign, "A"), x999(&foreign, "", "A")] {
        let taken = desk.ingest(&file).await;
        assert_eq!((only(&taken).state(), reason(only(&taken))), (pb::InboundState::Parked, "BATCH_UNKNOWN"));
    }
    let set = x835("EFT1", "110", &[("NOBODY1", "1", "150", "110", USUAL)], "");
    let stranger = remittance(750, &[set]).replace(NPI, "1999999984").replace("*123456789~", "*987654321~");
    let taken = desk.ingest(&stranger).await;
    assert_eq!((only(&taken).state(), reason(only(&taken))), (pb::InboundState::Parked, "PAYEE_UNKNOWN"));
}

#[tokio::test]
async fn a_claim_is_found_by_the_payers_number_and_by_a_number_cut_short_but_never_by_a_name() {
    let desk = Desk::new().await;
    let (claims, batch) = desk.sent(3).await;
    desk.ingest(&x277(&batch, &[(&claims[0], "A2:20:PR")])).await;
    let by_payer =
        clp(("LOST", "1", "150", "110", USUAL)).replace("ICNLOST", &format!("ICN{}", claims[0].claim_number));
    let cut = claims[1].claim_number.get(..10).unwrap();
    let by_start = clp((cut, "1", "150", "110", USUAL));
    let by_name = clp(("ELSE", "1", "150", "110", USUAL));
    let (kind, header) = x835("EFT1", "330", &[], "");
    let taken = desk.ingest(&remittance(755, &[(kind, header + &by_payer + &by_start + &by_name)])).await;
    assert_eq!((only(&taken).applied, only(&taken).unmatched), (2, 1));
    desk.stands(&claims[0], ClaimStatus::Paid, pb::PayerState::PaidPartial).await;
    desk.stands(&claims[1], ClaimStatus::Paid, pb::PayerState::PaidPartial).await;
    desk.stands(&claims[2], ClaimStatus::Submitted, pb::PayerState::Transmitted).await;
    let open =
        "SELECT concat_ws(' ', claim_number, state, state_reason) FROM claims.remittance_claims WHERE claim_id IS NULL";
    assert_eq!(desk.world.ask(open).await, "ELSE unmatched CLAIM_UNKNOWN");
}

#[tokio::test]
async fn another_payers_claim_with_the_same_number_is_not_it() {
    let desk = Desk::new().await;
    let (claims, batch) = desk.sent(1).await;
    desk.ingest(&x277(&batch, &[(&claims[0], "A2:20:PR")])).await;
    let numbered =
        clp(("LOST", "1", "150", "110", USUAL)).replace("ICNLOST", &format!("ICN{}", claims[0].claim_number));
    let untold = |text: String| text.replace("****MI*W123456789", "").replace("DTM*472*20260316~", "");
    let others: [fn(String) -> String; 4] = [
        |text| text.replace("W123456789", "W000000000"),
        |text| text.replace("20260316", "20260315"),
        |text| text.replace("XV*99901", "XV*99902"),
        untold,
    ];
    for (n, other) in others.iter().enumerate() {
        let (kind, header) = x835(&format!("EFT{n}"), "110", &[], "");
        let taken = desk.ingest(&remittance(756, &[(kind, other(header + &numbered))])).await;
        assert_eq!((only(&taken).applied, only(&taken).unmatched), (0, 1), "{n}");
    }
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Accepted).await;
}

#[tokio::test]
async fn what_the_claim_cannot_take_waits_and_says_why() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(1).await;
    let number = claims[0].claim_number.as_str();
    // of another charge than was sent
    let other: &[(&str, &str, &str)] = &[("CO", "45", "30")];
    let taken = desk.ingest(&remittance(760, &[x835("EFT1", "110", &[(number, "1", "140", "110", other)], "")])).await;
    assert_eq!((only(&taken).applied, only(&taken).parked), (0, 1));
    let open = "SELECT concat_ws(' ', state, state_reason) FROM claims.remittance_claims";
    assert_eq!(desk.world.ask(open).await, "parked REMITTANCE_UNBALANCED");
    desk.stands(&claims[0], ClaimStatus::Submitted, pb::PayerState::Transmitted).await;
}

#[tokio::test]
async fn the_same_payment_with_other_claims_in_it_is_parked() {
    let desk = Desk::new().await;
    let (claims, _) = desk.sent(2).await;
    let set = |n: usize| x835("EFT1", "110", &[(claims[n].claim_number.as_str(), "1", "150", "110", USUAL)], "");
    desk.ingest(&remittance(765, &[set(0)])).await;
    let taken = desk.ingest(&remittance(766, &[set(1)])).await;
    assert_eq!((only(&taken).state(), reason(only(&taken))), (pb::InboundState::Parked, "REMITTANCE_DIFFERS"));
    desk.stands(&claims[1], ClaimStatus::Submitted, pb::PayerState::Transmitted).await;
}

#[tokio::test]
async fn a_file_that_broke_off_anywhere_goes_on_where_it_was() {
    let desk = Desk::new().await;
    // more than one transaction takes
    let (claims, _) = desk.sent(claims::inbound::part::CLAIMS + 20).await;
    let paid: Vec<Paid<'_>> =
        claims.iter().map(|claim| (claim.claim_number.as_str(), "1", "150", "110", USUAL)).collect();
    let amount = (110 * claims.len() - 10).to_string();
    let file = remittance(770, &[x835("EFT1", &amount, &paid, "PLB*1234567893*20261231*WO:X*10~")]);
    let mut broken_off = 0;
    for patience in [1, 2, 4, 8, 15, 30, 60, 120, 200, 300, 400] {
        let ingesting = desk.try_ingest(file.as_bytes(), 1 << 20);
        broken_off +=
            i32::from(tokio::time::timeout(std::time::Duration::from_millis(patience), ingesting).await.is_err());
    }
    assert!(broken_off > 3, "{broken_off}");
    let taken = desk.ingest(&file).await;
    assert_eq!(only(&taken).state(), pb::InboundState::Applied);
    let posted =
        "SELECT concat_ws(' ', count(*), count(DISTINCT claim_id), sum(paid_amount)) FROM claims.remittance_claims";
    let count = claims.len();
    assert_eq!(desk.world.ask(posted).await, format!("{count} {count} {}.00", 110 * count));
    let ledger = "SELECT concat_ws(' ', count(*), sum(amount)) FROM claims.ledger_entries WHERE kind = 'payer_payment'";
    assert_eq!(desk.world.ask(ledger).await, format!("{count} {}.00", 110 * count));
    let account = "SELECT concat_ws(' ', count(*), sum(amount)) FROM claims.practice_ledger_entries";
    assert_eq!(desk.world.ask(account).await, "1 10.00");
    let sums = "SELECT count(*) FROM claims.claims WHERE paid_amount <> 110 OR adjusted_amount <> 20";
    assert_eq!(desk.world.ask(sums).await, "0");
}
