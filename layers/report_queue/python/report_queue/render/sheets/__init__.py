"""A report's tables as sheets: what a workbook and a CSV file are written from.

    template ──formats mark what they write──► HTML ──parsed──► tables, row by row ──grid──► sheets ──► book | CSV
        └─────── data_table's columns and rows, unread ─────────────────────────────────────────┘

`marks` knows how a value is found again in a text, `cells` what it is, `grid` how a <table> is read, `collect` puts a
report's sheets together. `spreadsheet` writes them. None of it knows of PDF.
"""
