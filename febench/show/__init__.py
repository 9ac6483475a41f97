"""What people read of results: tables, formats, figures, comparisons and the report. Nothing here trains or stores."""
