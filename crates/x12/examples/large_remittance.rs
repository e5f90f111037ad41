//! Writes an 835 of 200 MB into the folder named first, reads it again, and tells how long that took and how much
//! memory was needed beyond what the program had before. Linux only, since it asks /proc.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use chrono::{NaiveDate, NaiveDateTime};
use x12::interchange::{GroupKind, Interchange, InterchangeWriter, Usage};
use x12::remittance::{Part, Writer, balance, read};
use x12::sets::Event;
use x12::violation::Refused;

#[path = "answers/made_up.rs"]
#[expect(dead_code, reason = "this program makes up remittances only")]
mod made_up;

const BYTES: u64 = 200_000_000;
/// How much memory reading may need.
const GROWTH_KB_MAX: u64 = 64 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder to write into")?;
    let path = Path::new(&folder).join("large.835");
    let claims = write(&path)?;
    let bytes = path.metadata()?.len();
    let (before, cpu) = (peak_kb()?, cpu_ms()?);
    let begun = Instant::now();
    let (mut parts, mut payment, mut imbalances) = (0_u32, None, 0);
    for event in read(File::open(&path)?) {
        match event? {
            Event::Part(Part::Payment(one)) => payment = Some(one),
            Event::Part(Part::Claim(claim)) => {
                parts += 1;
                imbalances += balance::claim(&claim).len();
            }
            Event::Part(Part::Totals(totals)) => {
                imbalances +=
                    usize::from(payment.as_ref().is_none_or(|payment| balance::payment(payment, &totals).is_some()));
            }
            Event::Broken(fault) => return Err(fault.into()),
            Event::Part(Part::ProviderAdjustments(_))
            | Event::Interchange(_)
            | Event::Acknowledged(_)
            | Event::Opened(_)
            | Event::Closed => {}
        }
    }
    let (elapsed, cpu, growth) =
        (begun.elapsed().as_millis().max(1), cpu_ms()?.saturating_sub(cpu).max(1), peak_kb()?.saturating_sub(before));
    std::fs::remove_file(&path)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{parts} of {claims} claims, {imbalances} imbalances, {} MB", bytes / 1_000_000)?;
    writeln!(out, "{elapsed} ms, of the processor {cpu} ms: {} MB/s", bytes / 1000 / cpu)?;
    writeln!(out, "peak resident memory grew by {growth} kB")?;
    if parts == claims && imbalances == 0 && growth < GROWTH_KB_MAX {
        Ok(())
    } else {
        Err("not as it should be".into())
    }
}

/// Writes the file claim by claim; answers how many there are.
fn write(path: &Path) -> Result<u32, Box<dyn Error>> {
    let mut to = BufWriter::new(File::create(path)?);
    let created_at =
        NaiveDate::from_ymd_opt(2026, 11, 23).and_then(|day| day.and_hms_opt(3, 30, 0)).ok_or("no time")?;
    let mut file = begin(created_at)?;
    // as many claims as fill the bytes, by the length of one
    let mut probe = Vec::new();
    Writer::begin(&mut file, &made_up::payment(0))?.claim(&made_up::paid(9_999_999))?;
    file.drain_to(&mut probe)?;
    let claims = u32::try_from(BYTES / (probe.len() as u64 - 400))?;
    let mut file = begin(created_at)?;
    let mut writer = Writer::begin(&mut file, &made_up::payment(claims))?;
    for n in 0..claims {
        writer.claim(&made_up::paid(n))?;
        writer.file().drain_to(&mut to)?;
    }
    writer.end();
    to.write_all(&file.finish())?;
    to.flush()?;
    Ok(claims)
}

fn begin(created_at: NaiveDateTime) -> Result<InterchangeWriter, Refused> {
    let mut file = InterchangeWriter::begin(Interchange {
        sender_qualifier: "ZZ".into(),
        sender: "TCH99".into(),
        receiver_qualifier: "ZZ".into(),
        receiver: "EST0001".into(),
        control_number: 1,
        created_at,
        usage: Usage::Test,
        requests_acknowledgment: false,
    })?;
    file.begin_group(GroupKind::Payment, 1);
    Ok(file)
}

fn peak_kb() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak in /proc")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// The processor time of this program so far; the kernel counts in hundredths of a second.
fn cpu_ms() -> Result<u64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("no times in /proc")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(ticks * 10)
}
