//! A name with a capital letter and a blank.
use stagemark::Name;

const TRIM: Name = Name::new("Trim it");

fn main() {
    println!("{TRIM}");
}
