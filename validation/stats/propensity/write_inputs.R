# MatchIt's lalonde (Dehejia and Wahba 1999; public data; package GPL >= 2): Rscript write_inputs.R OUT.csv
data(lalonde, package = "MatchIt")
write.csv(lalonde, commandArgs(trailingOnly = TRUE)[1], row.names = FALSE, quote = FALSE, na = "")
