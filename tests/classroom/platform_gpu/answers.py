# %% after="fast_track_vmap"
jax.config.update("jax_platform_name", "gpu")
jax.config.update("jax_num_cpu_devices", 2)
ones = jnp.ones(3)
