#[expect(clippy::print_stdout, reason = "skeleton")]
fn main() {
    println!("claimsd");
}
