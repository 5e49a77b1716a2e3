"""What a change is, or what stands between changes: the texts in `kind`."""

INSERT, UPDATE, DELETE = "INSERT", "UPDATE", "DELETE"
STATEMENT, COPY_BEGIN, COPY_END = "STATEMENT", "COPY_BEGIN", "COPY_END"
ROW_KINDS = (INSERT, UPDATE, DELETE)
