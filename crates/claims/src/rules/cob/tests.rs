use crate::rules::bench::{Bench, day, examples, money};
use crate::snapshot::{AdjustmentGroup, PriorAdjustment, PriorLine, PriorPayer};

fn group(group: &str, amounts: &[&str]) -> AdjustmentGroup {
    let items = amounts.iter().map(|amount| PriorAdjustment { reason: "45".into(), amount: money(amount) }).collect();
    AdjustmentGroup { group: group.into(), items }
}

/// A second payer's claim, of which the first paid 100 of 150.
fn second(bench: &mut Bench) -> &mut PriorPayer {
    bench.snapshot.claim.payer_sequence = "S".into();
    bench.snapshot.prior_payers = vec![PriorPayer {
        payer_id: "99902".into(),
        payer_name: "Other Sample Plan".into(),
        payer_claim_number: "PCN-1".into(),
        coverage: None,
        subscriber: None,
        payer_sequence: "P".into(),
        adjudicated_on: Some(day("2026-03-20")),
        paid: money("100.00"),
        adjustments: Vec::new(),
        lines: vec![PriorLine {
            control_number: bench.snapshot.lines[0].control_number.clone(),
            adjudicated_on: None,
            paid: money("100.00"),
            adjustments: vec![group("CO", &["30.00"]), group("PR", &["20.00"])],
        }],
        forwarded: false,
    }];
    &mut bench.snapshot.prior_payers[0]
}

examples! {
    cob_primary_missing {
        fires {
            "the first is missing" at "prior_payers" => |b| b.snapshot.claim.payer_sequence = "S".into();
            "the second is missing" at "prior_payers" => |b| { second(b); b.snapshot.claim.payer_sequence = "T".into(); };
        }
        spares {
            "the first is told" => |b| { second(b); };
            "the first needs none" => |b| b.snapshot.prior_payers.clear();
        }
    }
    cob_adj_date {
        fires {
            "neither" at "prior_payers[0].adjudicated_on" => |b| second(b).adjudicated_on = None;
            "both" at "prior_payers[0].adjudicated_on" => |b| second(b).lines[0].adjudicated_on = Some(day("2026-03-20"));
        }
        spares {
            "the claim's" => |b| { second(b); };
            "the lines'" => |b| {
                second(b).adjudicated_on = None;
                second_line(b).adjudicated_on = Some(day("2026-03-20"));
            };
        }
    }
    cob_balance {
        fires {
            "a cent short on the line" at "prior_payers[0].paid" => |b| second(b).lines[0].paid = money("99.99");
            "a cent short on the claim" at "prior_payers[0].paid" => |b| second(b).paid = money("99.99");
            "less than nothing" at "prior_payers[0].paid" => |b| {
                second(b).paid = money("-10.00");
                second_line(b).paid = money("-10.00");
                second_line(b).adjustments = vec![group("CO", &["160.00"])];
            };
            "no such line" at "prior_payers[0].paid" => |b| second(b).lines[0].control_number = "X".into();
            "unexplained without lines" at "prior_payers[0].paid" => |b| second(b).lines.clear();
        }
        spares {
            "balanced on the line" => |b| { second(b); };
            "balanced on the claim" => |b| {
                second(b).lines.clear();
                b.snapshot.prior_payers[0].adjustments = vec![group("CO", &["50.00"])];
            };
        }
    }
    cob_cas_format {
        fires {
            "one group twice" at "prior_payers[0].adjustments" => |b| {
                second(b).lines[0].adjustments = vec![group("CO", &["30.00"]), group("CO", &["20.00"])];
            };
            "seven amounts" at "prior_payers[0].adjustments" => |b| second(b).adjustments = vec![group("OA", &["1"; 7])];
            "none" at "prior_payers[0].adjustments" => |b| second(b).adjustments = vec![group("OA", &[])];
            "zero" at "prior_payers[0].adjustments" => |b| second(b).adjustments = vec![group("OA", &["0.00"])];
            "no such group" at "prior_payers[0].adjustments" => |b| second(b).adjustments = vec![group("XX", &["1"])];
        }
        spares {
            "two groups" => |b| { second(b); };
            "six amounts" => |b| second(b).adjustments = vec![group("OA", &["1"; 6])];
        }
    }
    crossover_already {
        fires { "forwarded" at "prior_payers[0].forwarded" => |b| second(b).forwarded = true; }
        spares { "not forwarded" => |b| { second(b); }; }
    }
}

fn second_line(bench: &mut Bench) -> &mut PriorLine {
    &mut bench.snapshot.prior_payers[0].lines[0]
}
