/** The environment of our children: what programs need to find their way, and nothing that steers them. */

const kept =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.*|TZ|TERM|TMPDIR|TMP|TEMP|DISPLAY|XAUTHORITY|WAYLAND_DISPLAY|XDG_RUNTIME_DIR|DBUS_SESSION_BUS_ADDRESS|PULSE_.*|ALSA_.*|LD_LIBRARY_PATH|DYLD_.*|SSL_CERT_(FILE|DIR)|FONTCONFIG_.*|LIBVA_.*|CUDA_.*|NVIDIA_.*|(https?|no|all)_proxy|SYSTEMROOT|WINDIR|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA|USERPROFILE|PROGRAMDATA)$/i;

/** MediaMTX takes any option from MTX_* and RTSP_*, so a list of what stays is safer than one of what goes. */
export function childEnv(from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(from).filter(([name]) => kept.test(name)));
}

/** What programs that a user wrote or installed find their libraries by. */
const hooks =
  /^(PYTHON.*|VIRTUAL_ENV|CONDA_.*|PYENV_.*|OPENCV_.*|OMP_.*|OPENBLAS_.*|MKL_.*|NODE_PATH|NODE_EXTRA_CA_CERTS|HF_.*|TORCH_.*)$/;

/** The environment of a hook's process, before what relay.yaml adds to it. */
export function hookEnv(from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const more = Object.entries(from).filter(([name]) => hooks.test(name));
  return { ...childEnv(from), ...Object.fromEntries(more) };
}

/**
 * The environment of a worker: that of its hook, and what keeps its memory flat. glibc keeps freed frames unless
 * blocks of their size come from mmap. Each read and each output may hold a thread of the pool.
 */
export function workerEnv(from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...hookEnv(from), MALLOC_MMAP_THRESHOLD_: '65536', UV_THREADPOOL_SIZE: '16' };
}
