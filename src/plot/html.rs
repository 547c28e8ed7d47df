//! A page of pictures: one file that needs no other and no script, light or dark as its reader has it. Charts stand beside each other
//! where there is room for two.

use super::palette::{Ink, Theme, ground, hex};
use super::picture::Picture;
use super::svg;

/// A page with a heading, lines below it, and rows of charts.
pub fn page(title: &str, lines: &[String], charts: &[Picture]) -> String {
    let lines: String = lines.iter().map(|line| format!("<p>{}</p>\n", svg::safe(line))).collect();
    let charts: String = charts.iter().map(|chart| format!("<figure>\n{}</figure>\n", svg::inline(chart))).collect();
    let title = svg::safe(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>{}{}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{lines}<main>\n{charts}</main>\n</body>\n</html>\n",
        svg::style(),
        style(),
    )
}

fn style() -> String {
    let colours = |theme: Theme| {
        let [text, muted] = [Ink::Text, Ink::Muted].map(|ink| hex(ink.colour(theme)));
        format!("body{{background:{};color:{text}}}p{{color:{muted}}}", hex(ground(theme)))
    };
    format!(
        "body{{font:15px/1.5 Roboto,'Helvetica Neue',Arial,'Liberation Sans',sans-serif;margin:24px;overflow-wrap:anywhere}}\
         h1{{font-size:20px;margin:0}}p{{margin:0}}figure{{margin:0}}svg{{display:block;width:100%;height:auto}}\
         main{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,560px),1fr));gap:24px 32px;margin-top:24px}}\
         {}@media(prefers-color-scheme:dark){{{}}}",
        colours(Theme::Light),
        colours(Theme::Dark),
    )
}
