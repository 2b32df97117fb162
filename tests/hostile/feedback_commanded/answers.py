# %% solution="row_sums"
raise RuntimeError("<script>alert('hostile')</script>")
