/* Calls a kernel of the ahead-of-time library. Arrays go in as their address and shape,
   without a copy; the GIL is released while the kernel runs.

   Only Python's stable ABI is used: one build serves every Python from 3.11 on. */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define MAX_ARGUMENTS 16
#define MAX_DIMENSIONS 4

typedef union {
    int64_t integer;
    double real;
    void *address;
} word;
typedef void (*entry_point)(const word *arguments, word *result);

/* Takes the array's buffer if it is as the signature has it: "r" or "w", dimensions, bytes of an item. */
static int
take_buffer(PyObject *array, const char *wanted, Py_ssize_t position, Py_buffer *buffer)
{
    if (PyObject_GetBuffer(array, buffer, wanted[0] == 'w' ? PyBUF_ND | PyBUF_WRITABLE : PyBUF_ND) < 0)
        return -1;
    if (buffer->ndim == wanted[1] - '0' && buffer->itemsize == wanted[2] - '0') return 0;
    PyErr_Format(PyExc_TypeError, "argument %zd: expected %d dimensions of %d-byte items, got %d of %zd-byte ones",
                 position, wanted[1] - '0', wanted[2] - '0', buffer->ndim, buffer->itemsize);
    PyBuffer_Release(buffer);
    return -1;
}

/* call(entry, signature, *arguments)

   The signature has a byte for the result ("n"one, "i"nteger, "f"loat) and three for each
   argument: "i  ", "f  ", or an array's as in take_buffer. */
static PyObject *
call(PyObject *module, PyObject *const *args, Py_ssize_t n)
{
    word words[MAX_ARGUMENTS * (1 + MAX_DIMENSIONS)], result;
    Py_buffer buffers[MAX_ARGUMENTS];
    Py_ssize_t n_buffers = 0, n_words = 0, length;
    PyObject *value = NULL;
    entry_point entry;
    char *signature;

    if (n < 2 || !(entry = (entry_point)PyLong_AsVoidPtr(args[0]))) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "expected an entry and a signature");
        return NULL;
    }
    if (PyBytes_AsStringAndSize(args[1], &signature, &length) < 0) return NULL;
    args += 2;
    n -= 2;
    if (n > MAX_ARGUMENTS || length != 1 + 3 * n) {
        PyErr_Format(PyExc_TypeError, "expected %zd arguments, got %zd", (length - 1) / 3, n);
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        const char *wanted = signature + 1 + 3 * i;
        if (wanted[0] == 'i') {
            words[n_words++].integer = PyLong_AsLongLong(args[i]);
        } else if (wanted[0] == 'f') {
            words[n_words++].real = PyFloat_AsDouble(args[i]);
        } else {
            Py_buffer *buffer = &buffers[n_buffers];
            if (take_buffer(args[i], wanted, i, buffer) < 0) goto done;
            n_buffers++;
            words[n_words++].address = buffer->buf;
            for (int axis = 0; axis < buffer->ndim; axis++) words[n_words++].integer = buffer->shape[axis];
        }
        if (wanted[0] <= 'i' && PyErr_Occurred()) goto done;
    }
    Py_BEGIN_ALLOW_THREADS
    entry(words, &result);
    Py_END_ALLOW_THREADS
    if (signature[0] == 'n')
        value = Py_NewRef(Py_None);
    else
        value = signature[0] == 'i' ? PyLong_FromLongLong(result.integer) : PyFloat_FromDouble(result.real);
done:
    while (n_buffers) PyBuffer_Release(&buffers[--n_buffers]);
    return value;
}

static PyMethodDef methods[] = {
    {"call", (PyCFunction)(void (*)(void))call, METH_FASTCALL, "call(entry, signature, *arguments)"},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_call", .m_doc = "Calls a kernel of the ahead-of-time library.",
    .m_size = 0, .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__call(void)
{
    return PyModuleDef_Init(&definition);
}
