//! Draws bars, as an SVG that is readable on light and on dark pages.

use std::{fmt::Write, fs, io, path::Path};

use super::figures::Spread;

const WIDTH: f64 = 720.0;
const BARS_FROM: f64 = 190.0;
const BARS_WIDTH: f64 = 330.0;
const TOP: f64 = 56.0;
const STEP: f64 = 44.0;
const THICK: f64 = 24.0;

const STYLE: &str = "
    text { font: 14px system-ui, sans-serif; fill: #1f2328 }
    .title { font-weight: 600; font-size: 16px }
    .soft { fill: #59636e }
    .bar { fill: #0969da }
    .base { fill: #8c959f }
    .ends { stroke: #1f2328; stroke-width: 1.5 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .soft { fill: #9198a1 }
      .bar { fill: #4493f8 }
      .base { fill: #656c76 }
      .ends { stroke: #f0f6fc }
    }
  ";

/// One bar: what it is of, how long it and its ends are, and how it compares with the first.
pub(crate) struct Bar {
    pub(crate) name: &'static str,
    pub(crate) spread: Spread,
    pub(crate) times: f64,
}

/// Writes them into a file, the first as that which the others are compared with.
pub(crate) fn draw(file: &Path, title: &str, bars: &[Bar]) -> io::Result<()> {
    let most = bars.iter().map(|bar| bar.spread.most).fold(f64::MIN_POSITIVE, f64::max);
    let height = TOP + STEP * bars.len() as f64 + 8.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"{title}\">\n  <style>{STYLE}</style>\n  <text class=\"title\" x=\"16\" y=\"28\">{title}</text>\n"
    );
    for (bar, number) in bars.iter().zip(0_u32..) {
        row(&mut svg, bar, TOP + STEP * f64::from(number), most);
    }
    svg.push_str("</svg>\n");
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, svg)
}

fn row(svg: &mut String, bar: &Bar, top: f64, most: f64) {
    let Bar { name, spread, times } = bar;
    let along = |value: f64| BARS_FROM + BARS_WIDTH * value / most;
    let (middle, text) = (top + THICK / 2.0, top + THICK / 2.0 + 5.0);
    let (width, from, to) = (along(spread.median) - BARS_FROM, along(spread.least), along(spread.most));
    let (kind, note) = if top > TOP { ("bar", format!(" ({times:.2} times)")) } else { ("base", String::new()) };
    // Writing to a string does not fail.
    let _ = write!(
        svg,
        "  <text x=\"16\" y=\"{text}\">{name}</text>\n  \
         <rect class=\"{kind}\" x=\"{BARS_FROM}\" y=\"{top}\" width=\"{width:.1}\" height=\"{THICK}\" rx=\"3\"/>\n  \
         <path class=\"ends\" d=\"M{from:.1} {middle}H{to:.1}\"/>\n  \
         <text x=\"{:.1}\" y=\"{text}\">{:.2} s<tspan class=\"soft\">{note}</tspan></text>\n",
        to + 10.0,
        spread.median,
    );
}
