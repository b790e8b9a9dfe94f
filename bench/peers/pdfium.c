/*
 * What native PDFium needs for pages of a file: `draw <width>` makes pixels of them, `text` reads every character with its box. Nothing is
 * encoded or printed, but by `show <width>`: of each page there is, its height (four bytes, the least first; 0 when it cannot be drawn) and its
 * grey values. The functions are declared here as in PDFium's public headers, so that the library alone is enough to build it.
 *
 * pdfium <file> <first page> <count> draw <width> | text | show <width> [password]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void *Handle;
typedef struct {
  float left, top, right, bottom;
} Box;

void FPDF_InitLibrary(void);
Handle FPDF_LoadDocument(const char *path, const char *password);
int FPDF_GetPageCount(Handle document);
Handle FPDF_LoadPage(Handle document, int index);
void FPDF_ClosePage(Handle page);
float FPDF_GetPageWidthF(Handle page);
float FPDF_GetPageHeightF(Handle page);
Handle FPDFBitmap_CreateEx(int width, int height, int format, void *first, int stride);
int FPDFBitmap_FillRect(Handle bitmap, int left, int top, int width, int height, unsigned long color);
void *FPDFBitmap_GetBuffer(Handle bitmap);
int FPDFBitmap_GetStride(Handle bitmap);
void FPDFBitmap_Destroy(Handle bitmap);
void FPDF_RenderPageBitmap(Handle bitmap, Handle page, int left, int top, int width, int height, int rotate, int flags);
Handle FPDFText_LoadPage(Handle page);
void FPDFText_ClosePage(Handle text);
int FPDFText_CountChars(Handle text);
unsigned FPDFText_GetUnicode(Handle text, int index);
int FPDFText_IsGenerated(Handle text, int index);
float FPDFText_GetCharAngle(Handle text, int index);
int FPDFText_GetLooseCharBox(Handle text, int index, Box *box);

enum { BGRX = 3 };

static int height_of(Handle page, int width) {
  return (int)(width * FPDF_GetPageHeightF(page) / FPDF_GetPageWidthF(page) + 0.5f);
}

static Handle drawn(Handle page, int width, int height) {
  Handle bitmap = FPDFBitmap_CreateEx(width, height, BGRX, NULL, 0);
  if (bitmap == NULL) return NULL;
  FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xffffffff);
  FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, 0);
  return bitmap;
}

static void show(Handle page, int width) {
  int height = page == NULL ? 0 : height_of(page, width);
  Handle bitmap = height > 0 ? drawn(page, width, height) : NULL;
  if (bitmap == NULL) height = 0;
  for (int at = 0; at < 4; at++) putchar(height >> (8 * at) & 255);
  for (int y = 0; y < height; y++) {
    const unsigned char *row = (unsigned char *)FPDFBitmap_GetBuffer(bitmap) + (size_t)y * FPDFBitmap_GetStride(bitmap);
    for (int x = 0; x < width; x++, row += 4) putchar((row[2] * 77 + row[1] * 151 + row[0] * 28) >> 8);
  }
  if (bitmap != NULL) FPDFBitmap_Destroy(bitmap);
}

static double read_text(Handle page) {
  Handle text = FPDFText_LoadPage(page);
  double sum = 0;
  for (int i = 0, count = FPDFText_CountChars(text); i < count; i++) {
    Box box = {0};
    unsigned code = FPDFText_GetUnicode(text, i);
    if (code <= 32 && FPDFText_IsGenerated(text, i) == 1) continue;
    FPDFText_GetLooseCharBox(text, i, &box);
    sum += code + box.left + box.top + FPDFText_GetCharAngle(text, i);
  }
  FPDFText_ClosePage(text);
  return sum;
}

int main(int count, char **words) {
  if (count < 5) return 2;
  FPDF_InitLibrary();
  Handle document = FPDF_LoadDocument(words[1], count > 6 ? words[6] : NULL);
  if (document == NULL) return 1;
  int first = atoi(words[2]), last = first + atoi(words[3]);
  int draws = strcmp(words[4], "draw") == 0;
  if (strcmp(words[4], "show") == 0) {
    int pages = FPDF_GetPageCount(document);
    for (int index = first; index < last && index < pages; index++) {
      Handle page = FPDF_LoadPage(document, index);
      show(page, atoi(words[5]));
      if (page != NULL) FPDF_ClosePage(page);
    }
    return 0;
  }
  double sum = 0;
  for (int index = first; index < last; index++) {
    Handle page = FPDF_LoadPage(document, index);
    if (page == NULL) return 1;
    if (draws) FPDFBitmap_Destroy(drawn(page, atoi(words[5]), height_of(page, atoi(words[5]))));
    else sum += read_text(page);
    FPDF_ClosePage(page);
  }
  printf("%g\n", sum);
  return 0;
}
