/*
 * What native PDFium needs for pages of a file: `draw <width>` makes pixels of them, `text` reads every character with its box. Nothing is
 * encoded or printed. The functions are declared here as in PDFium's public headers, so that the library alone is enough to build it.
 *
 * pdfium <file> <first page> <count> draw <width> | text
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
Handle FPDF_LoadPage(Handle document, int index);
void FPDF_ClosePage(Handle page);
float FPDF_GetPageWidthF(Handle page);
float FPDF_GetPageHeightF(Handle page);
Handle FPDFBitmap_CreateEx(int width, int height, int format, void *first, int stride);
int FPDFBitmap_FillRect(Handle bitmap, int left, int top, int width, int height, unsigned long color);
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

static void draw(Handle page, int width) {
  int height = (int)(width * FPDF_GetPageHeightF(page) / FPDF_GetPageWidthF(page) + 0.5f);
  Handle bitmap = FPDFBitmap_CreateEx(width, height, BGRX, NULL, 0);
  FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xffffffff);
  FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, 0);
  FPDFBitmap_Destroy(bitmap);
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
  Handle document = FPDF_LoadDocument(words[1], NULL);
  if (document == NULL) return 1;
  int first = atoi(words[2]), last = first + atoi(words[3]);
  int draws = strcmp(words[4], "draw") == 0;
  double sum = 0;
  for (int index = first; index < last; index++) {
    Handle page = FPDF_LoadPage(document, index);
    if (page == NULL) return 1;
    if (draws) draw(page, atoi(words[5]));
    else sum += read_text(page);
    FPDF_ClosePage(page);
  }
  printf("%g\n", sum);
  return 0;
}
