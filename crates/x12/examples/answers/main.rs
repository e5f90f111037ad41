//! Writes one made-up file of each answer into the folder named first: TA1, 999, 277CA and 835, for other systems'
//! validators to look at.

use std::error::Error;
use std::path::Path;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use x12::acknowledgment::{InterchangeAcknowledgment, Verdict};
use x12::interchange::{GroupKind, Interchange, InterchangeWriter, Usage};
use x12::violation::Refused;

mod made_up;

/// Claims in each file.
const CLAIMS: u32 = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder to write into")?;
    let created_at =
        NaiveDate::from_ymd_opt(2026, 11, 23).and_then(|day| day.and_hms_opt(3, 30, 0)).ok_or("no time")?;
    let write = |name: &str, file: InterchangeWriter| std::fs::write(Path::new(&folder).join(name), file.finish());

    let mut file = begin(created_at, 1)?;
    let (date, time, note) = (NaiveDate::from_ymd_opt(2026, 11, 22), NaiveTime::from_hms_opt(14, 12, 0), "000".into());
    let control_number = "000000101".into();
    InterchangeAcknowledgment { control_number, date, time, verdict: Verdict::Accepted, note }.write(&mut file)?;
    write("taken.ta1", file)?;

    let mut file = begin(created_at, 2)?;
    file.begin_group(GroupKind::Acknowledgment, 2);
    let sets: Vec<_> = (0..CLAIMS).map(made_up::rejected).collect();
    x12::acknowledgment::write(&mut file, &made_up::group(), &sets, &made_up::totals(CLAIMS))?;
    write("rejected.999", file)?;

    let mut file = begin(created_at, 3)?;
    file.begin_group(GroupKind::ClaimAcknowledgment, 3);
    let mut writer = x12::status::Writer::begin(&mut file, &made_up::batch(CLAIMS))?;
    writer.provider(&made_up::provider(CLAIMS))?;
    for n in 0..CLAIMS {
        writer.claim(&made_up::taken(n))?;
    }
    writer.end();
    write("mixed.277", file)?;

    let mut file = begin(created_at, 4)?;
    file.begin_group(GroupKind::Payment, 4);
    let mut writer = x12::remittance::Writer::begin(&mut file, &made_up::payment(CLAIMS))?;
    for n in 0..CLAIMS {
        writer.claim(&made_up::paid(n))?;
    }
    writer.end();
    write("paid.835", file)?;
    Ok(())
}

fn begin(created_at: NaiveDateTime, control_number: u32) -> Result<InterchangeWriter, Refused> {
    InterchangeWriter::begin(Interchange {
        sender_qualifier: "ZZ".into(),
        sender: "TCH99".into(),
        receiver_qualifier: "ZZ".into(),
        receiver: "EST0001".into(),
        control_number,
        created_at,
        usage: Usage::Test,
        requests_acknowledgment: false,
    })
}
