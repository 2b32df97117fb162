# %% wrong="psum_matmul" reason="operation" about="leaves everything to jit, in the exercise about writing the psum"
def psum_matmul(mesh, A, B):
    return A @ B
