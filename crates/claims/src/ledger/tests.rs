//! Whatever is moved, a claim's sums are those of its movements.

use kernel::money;

use super::*;

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 20).unwrap()
}

fn balance(kind: LedgerKind, group: Option<AdjustmentGroup>, reason: Option<&str>, amount: &str) -> Balance {
    Balance { kind, group, reason: reason.map(str::to_owned), amount: money::parse(amount).unwrap() }
}

/// A denial: some of it is contractual, the rest refused for two reasons, and something is the patient's.
fn denial() -> Vec<Balance> {
    let adjusted = |group, reason, amount| balance(LedgerKind::Adjustment, Some(group), Some(reason), amount);
    vec![
        adjusted(AdjustmentGroup::Contractual, "45", "30.00"),
        adjusted(AdjustmentGroup::Contractual, "197", "90.00"),
        adjusted(AdjustmentGroup::PayerInitiated, "50", "10.00"),
        balance(LedgerKind::PatientResponsibility, Some(AdjustmentGroup::PatientResponsibility), Some("3"), "20.00"),
    ]
}

#[test]
fn what_was_refused_is_written_off_and_the_sums_stay() {
    let entries = write_off(denial(), Reference::shipped(), day());
    let told: Vec<_> =
        entries.iter().map(|e| format!("{} {} {}", e.kind, e.reason.as_deref().unwrap_or("-"), e.amount)).collect();
    assert_eq!(told, ["adjustment 197 -90.00", "adjustment 50 -10.00", "write_off - 100.00"]);
    assert!(entries.iter().map(|entry| &entry.amount).sum::<BigDecimal>().is_zero());
}

#[test]
fn where_nothing_was_refused_nothing_is_written_off() {
    let settled = balance(LedgerKind::Adjustment, Some(AdjustmentGroup::Contractual), Some("45"), "150.00");
    assert_eq!(write_off(vec![settled], Reference::shipped(), day()), []);
}
